# SPDX-License-Identifier: Apache-2.0
# The C types of execute.py.
cimport cython


cdef class Execution:
    cdef public object program
    cdef int[::1] code
    cdef int[::1] tables
    cdef public long long[::1] registers
    cdef long long[::1] stack
    cdef public long long[::1] tape
    cdef public int first
    cdef public int pc
    cdef public Py_ssize_t pos
    cdef public long long limit
    cdef public long long unlimited
    cdef public long long longest
    cdef public int top
    cdef public int ceiling
    cdef public int depth
    cdef public int deepest
    cdef public Py_ssize_t taped
    cdef public int reason
    cdef public long long detail
    cdef public bint building
    cdef public bint watching
    cdef public list visits
    cdef public Py_ssize_t kept
    cdef public object effects

    cpdef void reset(self, Py_ssize_t start)
    cpdef long long register(self, Py_ssize_t number)
    @cython.locals(i=Py_ssize_t)
    cpdef tuple place(self)
    @cython.locals(i=Py_ssize_t)
    cpdef void restore(self, tuple place)
    @cython.locals(i=Py_ssize_t, longer="long long[::1]")
    cpdef void grow(self)
    @cython.locals(last=Py_ssize_t)
    cpdef void watch(self, int pc, Py_ssize_t pos)

    cpdef Py_ssize_t scan(self, object octets) except -1

    cpdef int run(self, object octets, Py_ssize_t stop, bint final) except -1

    @cython.locals(
        INT1=int, INT2=int, INT4=int, SWITCH=int, SPAN=int, LIMIT=int, UNLIMIT=int,
        CALL=int, RETURN=int, MATCH=int, BUILD=int, REPEAT=int, NEXT=int, INTN=int,
        PAD=int, HERE=int, BITS=int, STARTS=int, SAVE=int, RESTORE=int, SCAN=int,
        TAKE=int, EFFECT=int, COMPUTE=int, TEST=int, DONE=int, DIGITS=int,
        WAITING=int, FINISHED=int, FAILED=int,
        NO_EDGE=int, OVERRUN=int, LEFT_OVER=int, TOO_DEEP=int, NO_COUNT=int, ENDED=int,
        p="const unsigned char *", c="unsigned char", tape="long long[::1]",
        room="Py_ssize_t", pc=int, pos="Py_ssize_t", limit="long long", top=int,
        taped="Py_ssize_t", building=bint, watching=bint, end="long long", op=int,
        status=int, reason=int, value="long long", need="long long", n="long long",
        k="Py_ssize_t", dead="long long",
    )
    cdef int loop(
        self, object octets, Py_ssize_t stop, bint final, int[::1] code,
        int[::1] tables, long long[::1] registers, long long[::1] stack,
    ) except -1
