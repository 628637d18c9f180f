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
    cdef public list tests
    cdef public object others

    cpdef settle(self, list steps, list objects, list fields)
    cpdef bint fits(self, tuple values) except -1


cdef class Emission:
    cdef public bytearray out
    cdef long long[::1] slots
    cdef public Py_ssize_t top
    cdef public Py_ssize_t depth
    cdef public Py_ssize_t at

    cpdef begin(self)
    @cython.locals(out=bytearray)
    cpdef integer(self, long long value, int width, bint big)
    @cython.locals(out=bytearray, k=int, n="Py_ssize_t")
    cpdef patch(self, Py_ssize_t at, long long value, int width, bint big)
    cpdef unsigned(self, long long value, int width)
    @cython.locals(values=tuple, base="Py_ssize_t")
    cpdef write(self, Plan plan, Record record)
    cpdef str where(self, Plan plan)
    @cython.locals(
        INT=int, OCTET=int, NESTED=int, LIST=int, HOLD=int, FROM=int, MEASURED=int,
        COUNT=int, TAGGED=int, PAD=int, OCTETS=int, TEXT=int, FILL=int, IN_TAG=int,
        STOP=int, out=bytearray, steps="int[::1]", slots="long long[::1]",
        count="Py_ssize_t", i="Py_ssize_t", step=int, a=int, b=int,
        number="long long", n="Py_ssize_t", several=tuple,
    )
    cpdef Py_ssize_t run(self, Plan plan, tuple values, Py_ssize_t base) except -1
    @cython.locals(width=int, big=bint, unit="Py_ssize_t", bias="Py_ssize_t",
                   size="Py_ssize_t", number="long long")
    cpdef measured(self, tuple mark, Py_ssize_t held, Py_ssize_t begin)
    cpdef long long tag(self, dict tags, Record value) except? -1
    cpdef in_tag(self, tuple values, int tag, list parts)


cdef class Writer:
    cdef public Plan plan
    cdef list idle

    @cython.locals(emission=Emission)
    cpdef bytes encode(self, Record record)
