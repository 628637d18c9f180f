# SPDX-License-Identifier: Apache-2.0
# The C types of result.py.
cimport cython


cdef class Prepared:
    cdef public object operation
    cdef public bytes octets
    cdef public int form
    cdef public int service
    cdef public long long elements
    cdef public long long base
    cdef public Py_ssize_t size
    cdef public int bit
    cdef public object envelope
    cdef public object pieces
    cdef public object described
    cdef public bint alone


cdef class Result:
    cdef public Prepared prepared
    cdef public long long index
    cdef public long long status
    cdef public tuple extended
    cdef public bint encapsulated
    cdef public bint complete
    cdef public bint sent
    cdef public bint bundled
    cdef public Py_ssize_t pending
    cdef public double time
    cdef public int code
    cdef public bytes reply
    cdef public Py_ssize_t start
    cdef public object parts
    cdef public object found
    cdef public object kind

    @cython.locals(form=int, plain=tuple, values=list, size="Py_ssize_t")
    cpdef object decoded(self)
    cpdef list typed(self)
