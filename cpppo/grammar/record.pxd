# SPDX-License-Identifier: Apache-2.0
# The C types of record.py.
cimport cython


cdef class Record:
    cdef public tuple _values
    cpdef void fill(self, tuple values)


cdef class Member:
    cdef public Py_ssize_t index
    cdef public str name


@cython.locals(record=Record, cls=type)
cpdef alike(object blank, tuple values)
