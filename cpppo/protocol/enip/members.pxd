# SPDX-License-Identifier: Apache-2.0
# The C types of members.py.
cimport cython


@cython.locals(
    p="const unsigned char *", count="Py_ssize_t", last="Py_ssize_t", i="Py_ssize_t",
    at="Py_ssize_t", offset="Py_ssize_t",
)
cpdef Py_ssize_t held(object octets, Py_ssize_t start, Py_ssize_t stop) except? -9

@cython.locals(
    count="Py_ssize_t", table=bytearray, offset="Py_ssize_t", one=bytes,
    p="unsigned char *", at="Py_ssize_t",
)
cpdef bytes packed(object several)
