# SPDX-License-Identifier: Apache-2.0
# The C types of replies.py.
cimport cython
from ..automata.execute cimport Execution
from ..protocol.enip.members cimport held
from .result cimport Prepared, Result


cdef class Request:
    cdef public Result result
    cdef public list members
    cdef public int service
    cdef public Py_ssize_t size
    cdef public Py_ssize_t start
    cdef public Py_ssize_t stop


cdef class Replies:
    cdef public long long session
    cdef public long long connection
    cdef public long long echo
    cdef public object steps
    cdef public dict waiting
    cdef public set ignored
    cdef public Py_ssize_t outstanding
    cdef public Py_ssize_t flying
    cdef public bint single
    cdef public bytes held
    cdef public Py_ssize_t wanted
    cdef public double now
    cdef public str lost
    cdef public bint proven
    cdef Execution frame
    cdef Execution member
    cdef Execution typed
    cdef long long[::1] sizes
    cdef long long[::1] in_frame
    cdef long long[::1] in_member
    cdef Py_ssize_t reply_size
    cdef Py_ssize_t command_at
    cdef Py_ssize_t session_at
    cdef Py_ssize_t status_at
    cdef Py_ssize_t count_at
    cdef Py_ssize_t item_at
    cdef Py_ssize_t code_at
    cdef Py_ssize_t body_at
    cdef Py_ssize_t context
    cdef long long command
    cdef long long item
    cdef int routed
    cdef Py_ssize_t connection_at
    cdef Py_ssize_t sequence_at
    cdef Py_ssize_t data_at
    cdef long long unit
    cdef long long unit_item

    cpdef learn(self, object reads)
    @cython.locals(
        WAITING=int, FAILED=int, frame=Execution, registers="long long[::1]",
        at="Py_ssize_t", stop="Py_ssize_t", status=int,
    )
    cpdef bint receive(self, bytes octets, double now=*) except -1
    @cython.locals(
        p="const unsigned char *", context="unsigned long long", n="Py_ssize_t",
        request=Request, stop="Py_ssize_t",
    )
    cdef int one(
        self, bytes octets, Py_ssize_t at, long long[::1] registers
    ) except -1
    cpdef bint ended(self) except -1
    cdef bint ours(self, long long command)
    @cython.locals(FINISHED=int, number="long long", request=Request, run=Execution)
    cdef int over(
        self, bytes octets, long long context, long long[::1] registers
    ) except -1
    cdef long long only(self, long long context) except? -1
    @cython.locals(
        FAILURE=int, LOST=int, status=int, start="Py_ssize_t",
    )
    cdef int met(
        self, Request request, bytes octets, long long[::1] registers, Py_ssize_t stop
    ) except -1
    @cython.locals(result=Result)
    cdef int gone(self, Request request, str why, bint doubtful) except -1
    @cython.locals(
        FINISHED=int, p="const unsigned char *", members=list, at="Py_ssize_t",
        status=int, count="Py_ssize_t", run=Execution, n="Py_ssize_t", i="Py_ssize_t",
        k="Py_ssize_t", end="Py_ssize_t", result=Result,
    )
    cdef int bundled(
        self, Request request, bytes octets, long long[::1] registers,
        long long[::1] where, Py_ssize_t stop,
    ) except -1
    @cython.locals(
        PARTIAL=int, result=Result, service=int, status=int, start="Py_ssize_t",
        at="Py_ssize_t", one=Prepared,
    )
    cdef int answered(
        self, Request request, bytes octets, long long[::1] registers,
        long long[::1] where, Py_ssize_t stop,
    ) except -1
    @cython.locals(
        FINISHED=int, result=Result, one=Prepared, typed=Execution, code=int,
        size="Py_ssize_t",
    )
    cdef int read(
        self, Request request, bytes octets, Py_ssize_t at, Py_ssize_t stop, int status
    ) except -1
    cdef int piece(
        self, Request request, bytes octets, Py_ssize_t at, Py_ssize_t stop
    ) except -1
    cdef int further(
        self, Request request, bint partial, int code, bytes body
    ) except -1
    cdef int settled(self, Result result, long long status) except -1
    cdef int declined(self, Request request, int status) except -1
    cdef int forgo(self, Result result) except -1
    cdef int said_no(self, Result result, long long status) except -1
    cdef int whole(
        self, Request request, bytes octets, long long[::1] registers,
        long long[::1] where, Py_ssize_t stop,
    ) except -1
    cdef int refused(
        self, Request request, long long status, object extended, bytes reply
    ) except -1
    cpdef int follow(self, Result result, object steps) except -1
