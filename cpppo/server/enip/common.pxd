# SPDX-License-Identifier: Apache-2.0
# The C types of common.py.  A slice is taken of a bytes or bytearray, or of a const
# pointer; assigning to a slice of a pointer compiles without complaint, to nonsense.
cimport cython
from ...automata.execute cimport Execution
from ...protocol.enip.members cimport held
from .linking.connections cimport Connection
from .cip.places cimport Place, Storage


cdef class Common:
    cdef public dict places
    cdef public dict connections
    cdef public object other
    cdef Connection last
    cdef public Connection over
    cdef Connection kept
    cdef Py_ssize_t kept_at
    cdef Py_ssize_t kept_to
    cdef public object clock
    cdef double now
    cdef public long long session
    cdef public long long requests
    cdef public Py_ssize_t usual
    cdef Py_ssize_t fragment
    cdef public Py_ssize_t room
    cdef public Py_ssize_t most
    cdef public Py_ssize_t members
    cdef public object routed
    cdef bytearray out
    cdef public Py_ssize_t size
    cdef Execution frame
    cdef Execution member
    cdef long long[::1] in_frame
    cdef long long[::1] in_member
    cdef Py_ssize_t path_at
    cdef Py_ssize_t command_at
    cdef Py_ssize_t session_at
    cdef Py_ssize_t count_at
    cdef Py_ssize_t item_at
    cdef Py_ssize_t odd_at
    cdef Py_ssize_t sent_at
    cdef Py_ssize_t route_at
    cdef long long command
    cdef long long item
    cdef Py_ssize_t direct
    cdef Py_ssize_t inner
    cdef Py_ssize_t own
    cdef bytes manager
    cdef bytes router
    cdef Py_ssize_t head
    cdef bytes header
    cdef Py_ssize_t length_at
    cdef Py_ssize_t context_at
    cdef Py_ssize_t context_size
    cdef Py_ssize_t measured_at
    cdef Py_ssize_t start
    cdef Py_ssize_t reply_size
    cdef Py_ssize_t refusal
    cdef Py_ssize_t status_at
    cdef Py_ssize_t read_context
    cdef long long unit_command
    cdef long long unit_item
    cdef Py_ssize_t connection_at
    cdef Py_ssize_t sequence_at
    cdef Py_ssize_t data_at
    cdef bytes unit_header
    cdef Py_ssize_t unit_start
    cdef Py_ssize_t unit_measured
    cdef Py_ssize_t told_at
    cdef Py_ssize_t counted_at

    cpdef learn(self, object reads, object writes, object linked)
    cpdef learn_over(self, object reads, object linked)
    @cython.locals(p="const unsigned char *", taken=bytes)
    cpdef bytes take(self)
    cdef int collect(self, Connection over, Py_ssize_t start) except -1
    @cython.locals(
        p="const unsigned char *", kept=Connection, start="Py_ssize_t",
        stop="Py_ssize_t",
    )
    cdef int settle(self, bytes taken) except -1
    cpdef double moment(self) except -1
    @cython.locals(longer=bytearray)
    cpdef int grow(self, Py_ssize_t more) except -1
    @cython.locals(
        FINISHED=int, stop="Py_ssize_t", frame=Execution, registers="long long[::1]",
        before="Py_ssize_t",
    )
    cpdef Py_ssize_t answer(self, bytes octets, Py_ssize_t at) except -1
    @cython.locals(
        p="const unsigned char *", manager="const unsigned char *", n="Py_ssize_t",
        path="Py_ssize_t", size="Py_ssize_t",
    )
    cdef bint is_common(
        self, bytes octets, Py_ssize_t at, long long[::1] registers
    ) except -1
    @cython.locals(
        FINISHED=int, over=Connection, sequence="long long", k="Py_ssize_t",
        n="Py_ssize_t", run=Execution, before="Py_ssize_t", answered=bint,
    )
    cdef bint connected(
        self, bytes octets, Py_ssize_t at, long long[::1] registers
    ) except -1
    cdef bytes headed(self, Connection over)
    cdef bint is_new(self, Connection over, long long[::1] registers) except -1
    cdef int end(self, Py_ssize_t before, Py_ssize_t measured) except -1
    @cython.locals(
        out=bytearray, n="Py_ssize_t", before="Py_ssize_t",
    )
    cdef int begin(
        self, bytes octets, Py_ssize_t at, bytes header, Py_ssize_t start
    ) except -1
    @cython.locals(
        READ=int, WRITE=int, READ_PART=int, WRITE_PART=int, MULTIPLE=int,
        service=int, offset="long long", p="const unsigned char *", n="Py_ssize_t",
        k="Py_ssize_t", place=Place, total="long long",
    )
    cdef bint one(
        self, long long[::1] registers, long long[::1] where, bytes octets,
        Py_ssize_t room, bint outer,
    ) except -1
    @cython.locals(kind="const unsigned char *")
    cdef bint takes(
        self, Place place, long long[::1] registers, long long[::1] where
    ) except -1
    @cython.locals(
        size="Py_ssize_t", storage=Storage, kind="const unsigned char *",
        k="Py_ssize_t", most="Py_ssize_t", status=int, at="Py_ssize_t",
        out="unsigned char *", data="unsigned char *", piece=bytes, held=bytearray,
        q="const unsigned char *",
    )
    cdef bint read(
        self, Place place, int service, Py_ssize_t offset, Py_ssize_t n,
        Py_ssize_t room,
    ) except -1
    @cython.locals(
        p="const unsigned char *", storage=Storage, at="Py_ssize_t", held=bytearray,
    )
    cdef bint write(
        self, Place place, int service, Py_ssize_t offset, Py_ssize_t n,
        bytes octets, Py_ssize_t k,
    ) except -1
    @cython.locals(out="unsigned char *", at="Py_ssize_t", n="Py_ssize_t")
    cdef int reply(self, int service, int status) except -1
    @cython.locals(
        p="const unsigned char *", table="Py_ssize_t", stop="Py_ssize_t",
        end="Py_ssize_t", count="Py_ssize_t", began="Py_ssize_t", failed=bint,
        start="Py_ssize_t", left="Py_ssize_t", i="Py_ssize_t", n="Py_ssize_t",
        k="Py_ssize_t", out="unsigned char *",
    )
    cdef bint several(
        self, bytes octets, long long[::1] registers, long long[::1] where,
        Py_ssize_t room,
    ) except -1
    @cython.locals(
        FINISHED=int, p="const unsigned char *", run=Execution, before="Py_ssize_t",
        out="unsigned char *",
    )
    cdef int part(
        self, bytes octets, Py_ssize_t at, Py_ssize_t stop, Py_ssize_t room
    ) except -1
    @cython.locals(out="unsigned char *")
    cdef int number(self, Py_ssize_t at, Py_ssize_t value) except -1
    @cython.locals(out=bytearray)
    cdef int append(self, bytes octets) except -1
