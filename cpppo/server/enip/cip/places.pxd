# SPDX-License-Identifier: Apache-2.0
# The C types of places.py.


cdef class Storage:
    cdef public bytearray octets
    cdef public bint plain
    cdef public bint writable


cdef class Place:
    cdef public Storage storage
    cdef public Py_ssize_t start
    cdef public Py_ssize_t stop
    cdef public Py_ssize_t size
    cdef public bytes kind
    cdef public int code
    cdef public object attribute
