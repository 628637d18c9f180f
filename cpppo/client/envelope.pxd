# SPDX-License-Identifier: Apache-2.0
# The C types of envelope.py.
cimport cython


cdef class Envelope:
    cdef public object way
    cdef public bytes head
    cdef public bytes tail
    cdef public bint even
    cdef public bint connected
    cdef public Py_ssize_t most
    cdef public Py_ssize_t sequence_at
    cdef public Py_ssize_t context_at
    cdef public long long[::1] at
    cdef public long long[::1] more
    cdef public long long[::1] padded
    cdef public Py_ssize_t places

    @cython.locals(
        size="Py_ssize_t", odd=int, frame=bytearray, p="unsigned char *",
        n="Py_ssize_t", at="Py_ssize_t", value="Py_ssize_t",
        left="unsigned long long",
    )
    cpdef bytes around(self, bytes octets, unsigned long long number)
