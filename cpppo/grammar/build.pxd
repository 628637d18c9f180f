# SPDX-License-Identifier: Apache-2.0
# The C types of build.py.
cimport cython
from ..automata.execute cimport Execution
from .record cimport alike


cdef class Reader:
    cdef public object program
    cdef public Builder builder
    cdef public object failure
    cdef public object placed
    cdef list idle

    @cython.locals(execution=Execution)
    cpdef decode(self, object octets)


cdef class Builder:
    cdef int[::1] heads
    cdef int[::1] kinds
    cdef int[::1] arities
    cdef public list arguments
    cdef public list fields

    @cython.locals(
        INT=int, MAKE=int, MARK=int, LIST=int, OCTETS=int, CONSTANT=int,
        ARRANGE=int, LATIN=int,
        heads="int[::1]", kinds="int[::1]", arities="int[::1]",
        notes="const long long[::1]", p="const unsigned char *",
        stack=list, values=tuple, room="Py_ssize_t", top="Py_ssize_t",
        mark="Py_ssize_t",
        i="Py_ssize_t", k="Py_ssize_t", kind=int, operand="long long", arity="Py_ssize_t",
        begin="long long", end="long long",
    )
    cpdef build(self, const long long[::1] tape, Py_ssize_t taped, object octets)

    @cython.locals(begin="long long", end="long long")
    cpdef rare(
        self, int kind, Py_ssize_t k, long long operand, object octets, Py_ssize_t i
    )
