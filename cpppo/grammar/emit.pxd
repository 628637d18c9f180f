# SPDX-License-Identifier: Apache-2.0
# The C types of emit.py.
cimport cython
from .record cimport Record


cdef class Plan:
    cdef public str name
    cdef int[::1] steps
    cdef public Py_ssize_t count
    cdef public list objects
    cdef public list fields
    cdef public Py_ssize_t slots
    cdef public bint nests
    cdef public bint tested
    cdef Py_ssize_t index
    cdef long long least
    cdef long long most
    cdef list ranges
    cdef list types
    cdef public Plan others

    cpdef settle(self, list steps, list objects, list fields)
    cpdef test(self, list ranges, list types)
    @cython.locals(number="long long")
    cpdef bint fits(self, tuple values) except -1


cdef class Writer:
    cdef public dict plans
    cdef public int first
    cdef list idle

    @cython.locals(emission="Emission")
    cpdef bytes encode(self, Record record)


cdef class Emission:
    cdef bytearray out
    cdef long long[::1] slots
    cdef public Py_ssize_t size
    cdef public Py_ssize_t top
    cdef public Py_ssize_t depth
    cdef Py_ssize_t ceiling
    cdef Py_ssize_t deepest

    cpdef begin(self)
    @cython.locals(p="const unsigned char *", octets=bytes)
    cpdef bytes result(self)
    cpdef bytearray longer(self, Py_ssize_t size)
    @cython.locals(
        size="Py_ssize_t", k="Py_ssize_t", p="const unsigned char *", out=bytearray
    )
    cpdef Py_ssize_t append(self, object octets, Py_ssize_t n) except -1
    @cython.locals(base="Py_ssize_t", slot="Py_ssize_t", text=bytes)
    cpdef Py_ssize_t insert(
        self, Plan plan, tuple how, Py_ssize_t held, Py_ssize_t begin, Py_ssize_t n
    ) except -1
    @cython.locals(out=bytearray)
    cpdef Py_ssize_t fill(self, int octet, Py_ssize_t size, Py_ssize_t n) except -1
    @cython.locals(out=bytearray, k=int, n="Py_ssize_t")
    cpdef number(self, long long value, int width, bint big, Py_ssize_t at)
    @cython.locals(plan=Plan, values=tuple, base="Py_ssize_t", one=Record)
    cpdef write(self, dict plans, object record)
    @cython.locals(
        INT=int, COUNT=int, TAGGED=int, MEASURED=int, OCTET=int, NESTED=int, LIST=int,
        HOLD=int, FROM=int, PAD=int, OCTETS=int, TEXT=int, FILL=int, IN_TAG=int,
        STOP=int, INSERT=int, GUARD=int, out=bytearray, steps="int[::1]", objects=list,
        count="Py_ssize_t", i="Py_ssize_t", step=int, a=int, b=int, room="Py_ssize_t",
        number="long long", n="Py_ssize_t", k="long long", at="Py_ssize_t",
        several=tuple,
    )
    cpdef run(self, Plan plan, tuple values, Py_ssize_t base)
    @cython.locals(
        index="Py_ssize_t", wanted=tuple, must=bint, several=tuple, same=bint,
        i="Py_ssize_t",
    )
    cpdef guard(self, object value, tuple how)
    cpdef long long tag(self, dict tags, object value) except? -1
