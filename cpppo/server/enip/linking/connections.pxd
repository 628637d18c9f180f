# SPDX-License-Identifier: Apache-2.0
# The C types of connections.py.


cdef class Connection:
    cdef public tuple triple
    cdef public long long identifier
    cdef public long long to_originator
    cdef public Py_ssize_t most
    cdef public object call
    cdef public Py_ssize_t room
    cdef public double lasts
    cdef public double until
    cdef public object end
    cdef public bint routed
    cdef public bint open
    cdef public bytes header
    cdef public int sequence
    cdef object octets
    cdef Py_ssize_t start
    cdef Py_ssize_t stop

    cpdef keep(self, object octets, Py_ssize_t start, Py_ssize_t stop)
