# SPDX-License-Identifier: Apache-2.0
# The C types of pipeline.py.
cimport cython
from ..protocol.enip.members cimport packed
from .envelope cimport Envelope
from .replies cimport Replies, Request
from .result cimport Prepared, Result


cdef class Pipeline(Replies):
    cdef public object way
    cdef public dict envelopes
    cdef public Envelope connected
    cdef public Envelope beside
    cdef public int sequence
    cdef public long long counts
    cdef public Envelope envelope
    cdef public bytes packet
    cdef public long long run
    cdef public Py_ssize_t depth
    cdef public Py_ssize_t multiple
    cdef public bint fragment
    cdef public long long index
    cdef public object int_type
    cdef public dict kept
    cdef public dict fragments
    cdef public object source
    cdef public bint more
    cdef public object failed
    cdef public Prepared waits
    cdef public Result alone
    cdef public object line
    cdef public long long serial
    cdef public Py_ssize_t most

    cpdef Prepared next(self)
    @cython.locals(kept=dict, found=Prepared, around=Envelope)
    cpdef Prepared ready(self, object given)
    @cython.locals(ROOM="Py_ssize_t", frames=list, one=Prepared, result=Result)
    cpdef bytes send(self)
    @cython.locals(result=Result)
    cdef Result begun(self, Prepared one)
    @cython.locals(one=Prepared, request=Request)
    cdef bytes asked(self, Result result)
    @cython.locals(number="long long", around=Envelope)
    cdef bytes flown(self, bytes octets, Request request, object envelope)
    @cython.locals(COUNTS="long long", number="long long", n="Py_ssize_t")
    cpdef long long counted(self) except -1
    cpdef bint free(self, object key) except -1
    @cython.locals(
        envelope=object, around=Envelope, members=list, octets=list, most="Py_ssize_t",
        size="Py_ssize_t", room="Py_ssize_t", result=Result, whole=bytes,
        request=Request,
    )
    cdef bytes bundle(self, Prepared one)
    cdef int several(self, Result result) except -1
    @cython.locals(result=Result, request=Request)
    cdef bytes step(self)
    @cython.locals(taken=list, first=Result)
    cpdef list take(self)


@cython.locals(parts=list)
cpdef object key_of(object given)
cdef Py_ssize_t awaited(Prepared one, Py_ssize_t head)
