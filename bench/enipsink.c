/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enipsink -- answers EtherNet/IP explicit requests as fast as possible (single thread, epoll), so
 * that a CLIENT under test is the bottleneck; also the "C floor" of a server that really parses.
 * It serves just enough of a ControlLogix for pycomm3 / pylogix / libplctag / cpppo clients to
 * connect: sessions, List Identity, Identity, program name, symbol list (--tags N => D0..DN-1),
 * Forward Open/Close (small and large), Unconnected Send, Multiple Service Packet, read/write of
 * DINT, fragmented read.  All tags are DINT; values are a counter; nothing is stored.
 *
 * `make bench` compiles it (cc -O2), see c_programs.py; by hand:
 *
 *   cc -O2 -Wall -o enipsink enipsink.c
 *   ./enipsink --port 44830 [--tags 1000] [--spin] [--raw REQ REP]   (--raw: plain echo of sizes)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int port = 44830, ntags = 1000, spin, rawreq, rawrep, fragmax = 480;
typedef struct { int fd; uint32_t session, toid, otid; uint8_t *ib, *ob; size_t il, ol, oo; int want; unsigned fragmax; } conn_t;
enum { IB = 1 << 18, OB = 1 << 20 };

static inline void p16(uint8_t *p, unsigned v) { p[0] = v; p[1] = v >> 8; }
static inline void p32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); }
static inline unsigned g16(const uint8_t *p) { return p[0] | p[1] << 8; }
static inline uint32_t g32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }

static uint32_t ticker, nextid = 0x10001;

static int identity(uint8_t *q) { /* Identity attributes 1..7 of a plausible 1756-L8x */
    static const uint8_t id[] = { 1, 0, 14, 0, 0xA6, 0, 20, 11, 0x60, 0x31, 0x44, 0x33, 0x22, 0x11 };
    memcpy(q, id, sizeof id);
    int n = sizeof id;
    const char *name = "1756-L83E/B SINK";
    q[n++] = strlen(name);
    memcpy(q + n, name, strlen(name));
    return n + strlen(name);
}
static int st(uint8_t *q, uint8_t svc, uint8_t status) { q[0] = svc | 0x80; q[1] = 0; q[2] = status; q[3] = 0; return 4; }

static int cip(conn_t *c, const uint8_t *p, int n, uint8_t *q, int room) {
    if (n < 2) return st(q, n ? p[0] : 0, 0x13);
    uint8_t svc = p[0];
    int pl = p[1] * 2;
    const uint8_t *path = p + 2, *d = path + pl;
    int dn = n - 2 - pl;
    if (dn < 0) return st(q, svc, 0x04);
    int sym = pl >= 2 && path[0] == 0x91;
    unsigned cls = (pl >= 2 && path[0] == 0x20) ? path[1] : (pl >= 4 && path[0] == 0x21) ? g16(path + 2) : 0;
    if (pl >= 4 && path[0] == 0x20 && path[1] == 0x6B && (svc == 0x4C || svc == 0x4D || svc == 0x52 || svc == 0x53)) sym = 1;
    if (sym) {
        switch (svc) {
        case 0x4C: case 0x52: {
            if (dn < 2) return st(q, svc, 0x13);
            unsigned el = g16(d), off = svc == 0x52 && dn >= 6 ? g32(d + 2) : 0;
            unsigned left = el * 4 > off ? el * 4 - off : 0, max = c->fragmax;
            int more = 0;
            if ((int)max > room - 8) max = room - 8;
            if (left > max) { left = max & ~3u; more = 1; }
            st(q, svc, more ? 6 : 0);
            p16(q + 4, 0xC4);
            if (left == 4) p32(q + 6, ++ticker);
            else memset(q + 6, 0x11, left);
            return 6 + left;
        }
        case 0x4D: case 0x53: return st(q, svc, 0);
        }
        return st(q, svc, 0x08);
    }
    if (svc == 0x0A) {
        int k = dn >= 2 ? (int)g16(d) : 0;
        if (dn < 2 + 2 * k) return st(q, svc, 0x13);
        st(q, svc, 0);
        uint8_t *r = q + 4;
        p16(r, k);
        int w = 2 + 2 * k;
        for (int i = 0; i < k; i++) {
            int a = g16(d + 2 + 2 * i), e = i + 1 < k ? (int)g16(d + 4 + 2 * i) : dn;
            if (a > dn || e > dn || e < a) return st(q, svc, 0x04);
            p16(r + 2 + 2 * i, w);
            w += cip(c, d + a, e - a, r + w, room - w - 4);
        }
        return 4 + w;
    }
    if (cls == 6 && svc == 0x52) { /* Unconnected Send */
        if (dn < 4) return st(q, svc, 0x13);
        int m = g16(d + 2);
        if (4 + m > dn) return st(q, svc, 0x13);
        return cip(c, d + 4, m, q, room);
    }
    if (cls == 6 && (svc == 0x54 || svc == 0x5B)) {
        if (dn < 36) return st(q, svc, 0x13);
        c->otid = nextid++;
        c->toid = g32(d + 6);
        unsigned size = svc == 0x54 ? (g16(d + 26) & 0x1ff) : (g32(d + 26) & 0xffff);
        c->fragmax = size > 40 ? size - 20 : fragmax;
        st(q, svc, 0);
        p32(q + 4, c->otid); p32(q + 8, c->toid);
        memcpy(q + 12, d + 10, 8);                 /* serial, vendor, originator serial */
        memcpy(q + 20, d + 22, 4);
        memcpy(q + 24, d + (svc == 0x54 ? 28 : 30), 4);
        q[28] = q[29] = 0;
        return 30;
    }
    if (cls == 6 && svc == 0x4E) { st(q, svc, 0); memcpy(q + 4, d + 2, 8); q[12] = q[13] = 0; return 14; }
    if (cls == 1 && svc == 0x01) { st(q, svc, 0); return 4 + identity(q + 4); }
    if (cls == 1 && svc == 0x0E) { st(q, svc, 0); p16(q + 4, 1); return 6; }
    if (cls == 0x64 && svc == 0x01) { st(q, svc, 0); p16(q + 4, 4); memcpy(q + 6, "SINK", 4); return 10; }
    if (cls == 0x6B && svc == 0x55) { /* symbol list: attributes 1,2,3,5,6,8[,10], or 1,2 / 1,2,8 style requests */
        unsigned start = 0;
        if (pl >= 4 && path[2] == 0x24) start = path[3];
        else if (pl >= 6 && path[2] == 0x25) start = g16(path + 4);
        int na = dn >= 2 ? (int)g16(d) : 0, w = 4, i = start ? start : 1;
        for (; i <= ntags; i++) {
            char name[16];
            int l = snprintf(name, sizeof name, "D%d", i - 1);
            if (w + l + 64 > room || w > (int)c->fragmax) break;
            p32(q + w, i); w += 4;
            for (int a = 0; a < na; a++) switch (g16(d + 2 + 2 * a)) {
                case 1: p16(q + w, l); memcpy(q + w + 2, name, l); w += 2 + l; break;
                case 2: p16(q + w, 0xC4); w += 2; break;
                case 3: case 5: p32(q + w, 0); w += 4; break;
                case 6: p32(q + w, 1u << 26); w += 4; break;
                case 7: p16(q + w, 4); w += 2; break;
                case 8: memset(q + w, 0, 12); w += 12; break;
                case 10: q[w++] = 0; break;
            }
        }
        st(q, svc, i <= ntags ? 6 : 0);
        return w;
    }
    return st(q, svc, 0x08);
}

/* one frame in, one reply appended; returns -1 to close */
static int frame(conn_t *c, const uint8_t *f, int len) {
    uint8_t *q = c->ob + c->ol;
    int room = OB - (int)c->ol - 256;
    memcpy(q, f, 24);
    p32(q + 8, 0);
    int n;
    switch (g16(f)) {
    case 0x6F:
        if (len < 40) return -1;
        memcpy(q + 24, f + 24, 14);
        p16(q + 30, 2);
        n = cip(c, f + 40, len - 40, q + 40, room > 65000 ? 65000 : room);
        p16(q + 38, n);
        p16(q + 2, 16 + n);
        c->ol += 40 + n;
        return 0;
    case 0x70:
        if (len < 46) return -1;
        memcpy(q + 24, f + 24, 22);
        p32(q + 36, c->toid);
        n = cip(c, f + 46, len - 46, q + 46, room > 65000 ? 65000 : room);
        p16(q + 42, n + 2);
        p16(q + 2, 22 + n);
        c->ol += 46 + n;
        return 0;
    case 0x65:
        c->session = nextid++;
        p32(q + 4, c->session);
        memcpy(q + 24, f + 24, 4);
        c->ol += 28;
        return 0;
    case 0x66: return -1;
    case 0x63: {
        uint8_t *w = q + 24;
        p16(w, 1); p16(w + 2, 0x0C);
        uint8_t *b = w + 6;
        p16(b, 1); memset(b + 2, 0, 16); b[3] = 2; b[4] = port >> 8; b[5] = port; b[6] = 127; b[9] = 1;
        int m = 18 + identity(b + 18);
        b[m++] = 3;
        p16(w + 4, m);
        p16(q + 2, 6 + m);
        c->ol += 30 + m;
        return 0;
    }
    case 0x04: {
        static const uint8_t ls[] = { 1, 0, 0, 1, 20, 0, 1, 0, 0x20, 1, 'C', 'o', 'm', 'm', 'u', 'n', 'i', 'c', 'a', 't', 'i', 'o', 'n', 's', 0, 0 };
        memcpy(q + 24, ls, sizeof ls);
        p16(q + 2, sizeof ls);
        c->ol += 24 + sizeof ls;
        return 0;
    }
    case 0x00: return 0;
    }
    p32(q + 8, 1); p16(q + 2, 0);
    c->ol += 24;
    return 0;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--port")) port = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--tags")) ntags = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--fragmax")) fragmax = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--spin")) spin = 1;
        else if (!strcmp(argv[i], "--raw")) { rawreq = atoi(argv[++i]); rawrep = atoi(argv[++i]); }
        else { fprintf(stderr, "unknown argument %s\n", argv[i]); return 1; }
    }
    int ls = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(ls, (void *)&sa, sizeof sa) || listen(ls, 512)) { perror("bind"); return 1; }
    int ep = epoll_create1(0);
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL }, evs[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
    for (;;) {
        int n = epoll_wait(ep, evs, 256, spin ? 0 : -1);
        for (int k = 0; k < n; k++) {
            conn_t *c = evs[k].data.ptr;
            if (!c) {
                int fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                c = calloc(1, sizeof *c);
                c->fd = fd; c->ib = malloc(IB); c->ob = malloc(OB); c->fragmax = fragmax;
                ev.events = EPOLLIN; ev.data.ptr = c;
                epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
                continue;
            }
            int bad = 0;
            if (evs[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && c->ol - c->oo < OB / 2) {
                ssize_t r = read(c->fd, c->ib + c->il, IB - c->il);
                if (r <= 0) bad = !(r < 0 && errno == EAGAIN);
                else {
                    c->il += r;
                    size_t pos = 0;
                    while (c->ol < OB - 70000) {
                        if (rawreq) {
                            if (c->il - pos < (size_t)rawreq) break;
                            memset(c->ob + c->ol, 0x77, rawrep);
                            c->ol += rawrep; pos += rawreq;
                        } else {
                            if (c->il - pos < 24) break;
                            size_t len = 24 + g16(c->ib + pos + 2);
                            if (c->il - pos < len) break;
                            if (frame(c, c->ib + pos, len)) { bad = 1; break; }
                            pos += len;
                        }
                    }
                    if (pos) { if (c->il > pos) memmove(c->ib, c->ib + pos, c->il - pos); c->il -= pos; }
                }
            }
            while (!bad && c->oo < c->ol) {
                ssize_t r = write(c->fd, c->ob + c->oo, c->ol - c->oo);
                if (r < 0) { bad = errno != EAGAIN; break; }
                c->oo += r;
            }
            if (c->oo == c->ol) c->oo = c->ol = 0;
            int want = c->ol > c->oo;
            if (!bad && want != c->want) {
                ev.events = EPOLLIN | (want ? EPOLLOUT : 0); ev.data.ptr = c;
                epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
                c->want = want;
            }
            if (bad) { close(c->fd); free(c->ib); free(c->ob); free(c); }
        }
    }
}
