/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enipload -- peer-neutral EtherNet/IP (CIP explicit messaging) load generator.
 *
 * Single thread, epoll, N TCP connections, D requests in flight on each.  Every reply is verified
 * (encapsulation command/status/session/context, CPF layout, CIP reply service, CIP general status,
 * data type and data length).  Prints exactly one JSON line on stdout.
 *
 * `make bench` compiles it (cc -O2), see c_programs.py; by hand:
 *
 *   cc -O2 -Wall -o enipload enipload.c
 *   ./enipload --port 44818 --mode usend --op read --tag D --conns 1 --depth 1 --seconds 2
 *
 * modes:  usend     SendRRData + Unconnected Send (Connection Manager) with route path
 *         simple    SendRRData with the CIP request directly
 *         connected Forward Open (class 3) + SendUnitData
 *         raw       no protocol: writes --rawreq bytes, expects --rawrep bytes (the physical limit)
 * ops:    read (0x4C), frag (0x52 until complete), write (0x4D), gas (Get Attribute Single @1/1/1),
 *         listid (List Identity), nop (List Services)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { M_USEND, M_SIMPLE, M_CONN, M_RAW };
enum { O_READ, O_FRAG, O_WRITE, O_GAS, O_LISTID, O_LISTSVC };
enum { MAXFRAME = 65536 };

static struct {
    const char *host, *tag, *modes, *ops_;
    int port, mode, op, multi, conns, depth, elements, ntags, lenient, large, connsize, rawreq, rawrep;
    int route[2], noroute, type, tsize, hold, spin;
    long long requests;
    double seconds, warmup;
} o = { "127.0.0.1", "D", "usend", "read", 44818, M_USEND, O_READ, 0, 1, 1, 1, 1, 0, 0, 500, 0, 0,
        { 1, 0 }, 0, 0xC4, 4, 0, 0, 0, 2.0, 0.2 };

typedef struct { uint64_t t0; uint64_t ctx; uint32_t off; int tag; uint16_t seq; } slot_t;
typedef struct {
    int fd, want_out;
    uint32_t session, otid;
    uint16_t seq;
    uint8_t *ib, *ob;
    size_t il, icap, ol, oo, ocap;
    slot_t *ring;
    unsigned head, count;
    int dead;
} conn_t;

typedef struct { uint8_t *b; int len, offpos, seqpos, cidpos; } tmpl_t;
static tmpl_t *T;

static inline uint64_t now(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}
static inline void p16(uint8_t *p, unsigned v) { p[0] = v; p[1] = v >> 8; }
static inline void p32(uint8_t *p, uint32_t v) { p[0] = v; p[1] = v >> 8; p[2] = v >> 16; p[3] = v >> 24; }
static inline void p64(uint8_t *p, uint64_t v) { p32(p, (uint32_t)v); p32(p + 4, (uint32_t)(v >> 32)); }
static inline unsigned g16(const uint8_t *p) { return p[0] | p[1] << 8; }
static inline uint32_t g32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static inline uint64_t g64(const uint8_t *p) { return g32(p) | (uint64_t)g32(p + 4) << 32; }

/* ---- log-linear latency histogram: 64 sub-buckets per octave (<= 1.6 % error) ---- */
static uint64_t hist[64 * 64], hn, hmax, hsum;
static void hadd(uint64_t v) {
    unsigned b;
    if (v < 64) b = v;
    else { int e = 63 - __builtin_clzll(v); b = (e - 5) * 64 + ((v >> (e - 6)) & 63); }
    if (b >= 64 * 64) b = 64 * 64 - 1;
    hist[b]++; hn++; hsum += v;
    if (v > hmax) hmax = v;
}
static double hq(double q) {
    uint64_t want = (uint64_t)(q * hn), c = 0;
    if (!hn) return 0;
    if (want >= hn) want = hn - 1;
    for (unsigned b = 0; b < 64 * 64; b++) {
        c += hist[b];
        if (c > want) {
            if (b < 64) return b / 1e3;
            int e = b / 64 + 5;
            double lo = (double)((uint64_t)1 << e) * (1 + (b % 64) / 64.0);
            lo += (double)((uint64_t)1 << e) / 128.0;
            return (lo > hmax ? hmax : lo) / 1e3;
        }
    }
    return hmax / 1e3;
}

static long long errors, ctx_mismatch, ses_mismatch, cpf_mismatch, seq_mismatch;
static char firsterr[256];
static void fail(const char *fmt, ...) {
    errors++;
    if (!firsterr[0]) {
        va_list a;
        va_start(a, fmt);
        vsnprintf(firsterr, sizeof firsterr, fmt, a);
        va_end(a);
    }
}
static void die(const char *fmt, ...) {
    va_list a;
    va_start(a, fmt);
    printf("{\"fatal\": \"");
    vprintf(fmt, a);
    printf("\", \"mode\": \"%s\", \"op\": \"%s\"}\n", o.modes, o.ops_);
    va_end(a);
    exit(2);
}

/* ---- request construction ---- */
static int put_sym(uint8_t *p, const char *name) { /* path size byte + dotted ANSI symbolic segments + [i] */
    int n = 1;
    char tmp[512];
    snprintf(tmp, sizeof tmp, "%s", name);
    for (char *s = strtok(tmp, "."); s; s = strtok(NULL, ".")) {
        char *br = strchr(s, '[');
        long idx = -1;
        if (br) { idx = atol(br + 1); *br = 0; }
        int l = strlen(s);
        p[n++] = 0x91; p[n++] = l;
        memcpy(p + n, s, l); n += l;
        if (l & 1) p[n++] = 0;
        if (idx >= 0) {
            if (idx < 256) { p[n++] = 0x28; p[n++] = idx; }
            else if (idx < 65536) { p[n++] = 0x29; p[n++] = 0; p16(p + n, idx); n += 2; }
            else { p[n++] = 0x2A; p[n++] = 0; p32(p + n, idx); n += 4; }
        }
    }
    p[0] = (n - 1) / 2;
    return n;
}
static const uint8_t svc_of[] = { 0x4C, 0x52, 0x4D, 0x0E, 0, 0 };

static int put_one(uint8_t *p, int tag, int *offpos) {
    int n = 0;
    char name[300];
    if (o.ntags > 1) snprintf(name, sizeof name, "%s%d", o.tag, tag);
    else snprintf(name, sizeof name, "%s", o.tag);
    p[n++] = svc_of[o.op];
    if (o.op == O_GAS) {
        static const uint8_t path[] = { 3, 0x20, 1, 0x24, 1, 0x30, 1 };
        memcpy(p + n, path, 7);
        return n + 7;
    }
    n += put_sym(p + n, name);
    if (o.op == O_WRITE) {
        p16(p + n, o.type); n += 2;
        p16(p + n, o.elements); n += 2;
        for (int i = 0; i < o.elements; i++, n += o.tsize) memset(p + n, 0, o.tsize), p[n] = i + 1;
    } else {
        p16(p + n, o.elements); n += 2;
        if (o.op == O_FRAG) { if (offpos) *offpos = n; p32(p + n, 0); n += 4; }
    }
    return n;
}
static int put_cip(uint8_t *p, int tag, int *offpos) {
    if (!o.multi) return put_one(p, tag, offpos);
    static const uint8_t h[] = { 0x0A, 2, 0x20, 2, 0x24, 1 };
    memcpy(p, h, 6);
    p16(p + 6, o.multi);
    int n = 8 + 2 * o.multi;
    for (int i = 0; i < o.multi; i++) {
        p16(p + 8 + 2 * i, n - 6);
        n += put_one(p + n, (tag * o.multi + i) % o.ntags, NULL);
    }
    return n;
}
static int put_enc(uint8_t *p, int cmd, int len) {
    memset(p, 0, 24);
    p16(p, cmd); p16(p + 2, len);
    return 24;
}
static int put_rr(uint8_t *f, const uint8_t *cip, int n, int usend, int *cippos) {
    uint8_t *p = f + 24;
    static const uint8_t cpf[] = { 0, 0, 0, 0, 8, 0, 2, 0, 0, 0, 0, 0, 0xB2, 0 };
    memcpy(p, cpf, 14); p += 14;
    uint8_t *lp = p; p += 2;
    if (usend) {
        static const uint8_t us[] = { 0x52, 2, 0x20, 6, 0x24, 1, 5, 0x9D };
        memcpy(p, us, 8); p += 8;
        p16(p, n); p += 2;
        *cippos = p - f;
        memcpy(p, cip, n); p += n;
        if (n & 1) *p++ = 0;
        *p++ = 1; *p++ = 0; *p++ = o.route[0]; *p++ = o.route[1];
    } else {
        *cippos = p - f;
        memcpy(p, cip, n); p += n;
    }
    p16(lp, p - lp - 2);
    put_enc(f, 0x6F, p - f - 24);
    return p - f;
}
static void build(tmpl_t *t, int tag) {
    uint8_t *cip = malloc(1 << 20), *f = malloc(1 << 20);
    int offpos = -1, cippos = 0, n;
    t->seqpos = t->cidpos = t->offpos = -1;
    if (o.mode == M_RAW) {
        memset(f, 0x5A, o.rawreq);
        t->len = o.rawreq;
    } else if (o.op == O_LISTID || o.op == O_LISTSVC) {
        t->len = put_enc(f, o.op == O_LISTID ? 0x63 : 0x04, 0);
    } else {
        n = put_cip(cip, tag, &offpos);
        if (o.mode == M_CONN) {
            static const uint8_t cpf[] = { 0, 0, 0, 0, 0, 0, 2, 0, 0xA1, 0, 4, 0, 0, 0, 0, 0, 0xB1, 0 };
            memcpy(f + 24, cpf, 18);
            t->cidpos = 36;
            p16(f + 42, n + 2);
            t->seqpos = 44;
            memcpy(f + 46, cip, n);
            cippos = 46;
            put_enc(f, 0x70, 22 + n);
            t->len = 46 + n;
        } else
            t->len = put_rr(f, cip, n, o.mode == M_USEND, &cippos);
        if (offpos >= 0) t->offpos = cippos + offpos;
    }
    if (t->len > MAXFRAME) die("request of %d bytes too large", t->len);
    t->b = malloc(t->len);
    memcpy(t->b, f, t->len);
    free(cip); free(f);
}

/* ---- connection set-up (blocking) ---- */
static void xwrite(int fd, const uint8_t *b, int n) {
    while (n > 0) {
        int r = write(fd, b, n);
        if (r <= 0) die("write during set-up: %s", strerror(errno));
        b += r; n -= r;
    }
}
static int xframe(int fd, uint8_t *b) {
    int have = 0, need = 24;
    while (have < need) {
        int r = read(fd, b + have, need - have);
        if (r <= 0) die("read during set-up: %s", r ? strerror(errno) : "eof");
        have += r;
        if (have == 24) need = 24 + g16(b + 2);
    }
    return have;
}
static void open_conn(conn_t *c, int idx) {
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(o.port) };
    inet_pton(AF_INET, o.host, &sa.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval tv = { 10, 0 };
    int one = 1;
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (void *)&sa, sizeof sa)) die("connect: %s", strerror(errno));
    uint8_t f[MAXFRAME];
    if (o.mode != M_RAW && o.op != O_LISTID && o.op != O_LISTSVC) {
        put_enc(f, 0x65, 4);
        p16(f + 24, 1); p16(f + 26, 0);
        xwrite(c->fd, f, 28);
        int n = xframe(c->fd, f);
        if (g16(f) != 0x65 || g32(f + 8) || n != 28) die("RegisterSession status 0x%x", g32(f + 8));
        c->session = g32(f + 4);
    }
    if (o.mode == M_CONN) {
        uint8_t cip[128];
        int n = 0, cp;
        static const uint8_t h[] = { 0, 2, 0x20, 6, 0x24, 1, 0x05, 0x9D, 0, 0, 0, 0 };
        memcpy(cip, h, 12); n = 12;
        cip[0] = o.large ? 0x5B : 0x54;
        p32(cip + n, 0x20000000u + idx); n += 4;             /* T->O connection ID */
        p16(cip + n, (getpid() * 64 + idx) & 0xffff); n += 2; /* connection serial */
        p16(cip + n, 0x1337); n += 2;
        p32(cip + n, 0x00C0FFEE + idx); n += 4;
        cip[n++] = 3; cip[n++] = 0; cip[n++] = 0; cip[n++] = 0;
        for (int k = 0; k < 2; k++) {
            p32(cip + n, 2000000); n += 4;
            if (o.large) { p32(cip + n, 0x42000000u | o.connsize); n += 4; }
            else { p16(cip + n, 0x4200 | (o.connsize & 0x1ff)); n += 2; }
        }
        cip[n++] = 0xA3;
        if (o.noroute) { static const uint8_t pth[] = { 2, 0x20, 2, 0x24, 1 }; memcpy(cip + n, pth, 5); n += 5; }
        else {
            cip[n++] = 3; cip[n++] = o.route[0]; cip[n++] = o.route[1];
            cip[n++] = 0x20; cip[n++] = 2; cip[n++] = 0x24; cip[n++] = 1;
        }
        int l = put_rr(f, cip, n, 0, &cp);
        p32(f + 4, c->session);
        xwrite(c->fd, f, l);
        l = xframe(c->fd, f);
        if (g32(f + 8) || l < 44 || f[40] != (cip[0] | 0x80) || f[42])
            die("Forward Open: enc status 0x%x, reply svc 0x%02x, status 0x%02x ext 0x%04x (%d bytes)", g32(f + 8),
                l > 40 ? f[40] : 0, l > 42 ? f[42] : 0, (l > 45 && f[43]) ? g16(f + 44) : 0, l);
        c->otid = g32(f + 44);
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->icap = 1 << 18; c->ib = malloc(c->icap);
    c->ocap = (size_t)o.depth * (T[0].len + 64) * 2 + 65536; c->ob = malloc(c->ocap);
    c->ring = calloc(o.depth, sizeof(slot_t));
}

/* ---- hot loop ---- */
static uint64_t ctxno;
static long long issued, done_req, done_ops, rbytes, sbytes, elems_done;

static size_t rep_len_seen;

static void queue_req(conn_t *c, uint64_t t, int tag, uint32_t off, uint64_t t0) {
    tmpl_t *m = &T[tag];
    uint8_t *p = c->ob + c->ol;
    slot_t *s = &c->ring[(c->head + c->count) % o.depth];
    c->count++;
    memcpy(p, m->b, m->len);
    s->t0 = t0 ? t0 : t; s->tag = tag; s->off = off; s->ctx = 0;
    if (o.mode != M_RAW) {
        s->ctx = ++ctxno;
        p32(p + 4, c->session);
        if (o.mode != M_CONN) p64(p + 12, s->ctx);
        if (m->cidpos >= 0) { p32(p + m->cidpos, c->otid); s->seq = ++c->seq; p16(p + m->seqpos, c->seq); }
        if (m->offpos >= 0) p32(p + m->offpos, off);
    }
    c->ol += m->len;
    issued++;
}
static int flush_out(conn_t *c) {
    while (c->oo < c->ol) {
        ssize_t r = write(c->fd, c->ob + c->oo, c->ol - c->oo);
        if (r < 0) {
            if (errno == EAGAIN) break;
            return -1;
        }
        c->oo += r; sbytes += r;
    }
    if (c->oo == c->ol) c->oo = c->ol = 0;
    else if (c->oo > c->ocap / 2) { memmove(c->ob, c->ob + c->oo, c->ol - c->oo); c->ol -= c->oo; c->oo = 0; }
    return 0;
}
/* verify one CIP reply of n bytes; returns data bytes (reads) or -1; *more set on status 6 */
static int check_one(const uint8_t *p, int n, int frag, int *more) {
    uint8_t svc = svc_of[o.op];
    if (more) *more = 0;
    if (n < 4) { fail("CIP reply too short (%d)", n); return -1; }
    if (p[0] != (svc | 0x80)) { fail("CIP reply service 0x%02x (status 0x%02x) != 0x%02x", p[0], p[2], svc | 0x80); return -1; }
    if (p[2] && !(frag && p[2] == 6)) {
        fail("CIP general status 0x%02x ext 0x%04x", p[2], (p[3] && n >= 6) ? g16(p + 4) : 0);
        return -1;
    }
    if (more && p[2] == 6) *more = 1;
    int h = 4 + 2 * p[3];
    if (o.op == O_WRITE) { if (n != h) { fail("write reply %d bytes", n); return -1; } return 0; }
    if (o.op == O_GAS) { if (n != h + 2) { fail("GAS reply %d bytes", n); return -1; } return n - h; }
    if (n < h + 2) { fail("read reply too short %d", n); return -1; }
    if ((int)g16(p + h) != o.type) { fail("data type 0x%04x", g16(p + h)); return -1; }
    int d = n - h - 2;
    if (!frag && d != o.elements * o.tsize) { fail("data length %d != %d", d, o.elements * o.tsize); return -1; }
    return d;
}
/* one reply frame; returns 1 if the op completed, 0 if it continues (fragment queued), -1 error */
static int on_reply(conn_t *c, const uint8_t *f, int len, uint64_t t) {
    slot_t s = c->ring[c->head];
    c->head = (c->head + 1) % o.depth;
    c->count--;
    rep_len_seen = len;
    if (o.mode == M_RAW) return 1;
    int cmd = g16(f);
    int want = o.op == O_LISTID ? 0x63 : o.op == O_LISTSVC ? 0x04 : o.mode == M_CONN ? 0x70 : 0x6F;
    if (cmd != want || g32(f + 8)) { fail("encapsulation command 0x%x status 0x%x", cmd, g32(f + 8)); return -1; }
    if (g32(f + 4) != c->session) { ses_mismatch++; if (!o.lenient) { fail("session mismatch"); return -1; } }
    if (o.mode != M_CONN && g64(f + 12) != s.ctx) { ctx_mismatch++; if (!o.lenient) { fail("sender context mismatch"); return -1; } }
    if (o.op == O_LISTID || o.op == O_LISTSVC) { if (len < 30) { fail("short list reply"); return -1; } return 1; }
    int pos;
    if (o.mode == M_CONN) {
        pos = 46;
        if (len < 50) { fail("short connected reply %d", len); return -1; }
        if (g16(f + 30) != 2 || g16(f + 32) != 0xA1 || g16(f + 40) != 0xB1 || (int)g16(f + 42) != len - 44) {
            cpf_mismatch++;
            if (!o.lenient) { fail("connected CPF layout wrong"); return -1; }
        }
        if (g16(f + 44) != s.seq) { seq_mismatch++; if (!o.lenient) { fail("connected sequence %u != %u", g16(f + 44), s.seq); return -1; } }
    } else {
        pos = 40;
        if (len < 44) { fail("short reply %d", len); return -1; }
        if (g16(f + 30) != 2 || g16(f + 32) != 0 || g16(f + 36) != 0xB2 || (int)g16(f + 38) != len - 40) {
            cpf_mismatch++;
            if (!o.lenient) { fail("unconnected CPF layout wrong"); return -1; }
        }
    }
    const uint8_t *p = f + pos;
    int n = len - pos;
    if (o.multi) {
        if (n < 6 || p[0] != 0x8A || (p[2] && p[2] != 0x1e)) { fail("MSP reply svc 0x%02x status 0x%02x", p[0], p[2]); return -1; }
        const uint8_t *q = p + 4 + 2 * p[3];
        int m = n - 4 - 2 * p[3], k = g16(q);
        if (k != o.multi) { fail("MSP count %d", k); return -1; }
        for (int i = 0; i < k; i++) {
            int a = g16(q + 2 + 2 * i), e = i + 1 < k ? (int)g16(q + 4 + 2 * i) : m;
            if (a < 2 + 2 * k || e > m || e < a) { fail("MSP offset %d..%d of %d", a, e, m); return -1; }
            if (check_one(q + a, e - a, 0, NULL) < 0) return -1;
        }
        return 1;
    }
    if (o.op == O_FRAG) {
        int more, d = check_one(p, n, 1, &more);
        if (d < 0) return -1;
        uint32_t total = (uint32_t)o.elements * o.tsize;
        if (more) {
            if (d == 0 || s.off + d > total) { fail("fragment of %d bytes at %u", d, s.off); return -1; }
            queue_req(c, t, s.tag, s.off + d, s.t0);
            return 0;
        }
        if (s.off + d != total) { fail("fragmented total %u != %u", s.off + d, total); return -1; }
        return 1;
    }
    return check_one(p, n, 0, NULL) < 0 ? -1 : 1;
}

static double cpu_s(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_utime.tv_usec / 1e6 + r.ru_stime.tv_sec + r.ru_stime.tv_usec / 1e6;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
#define A(n) (!strcmp(argv[i], n) && i + 1 < argc)
        if (A("--host")) o.host = argv[++i];
        else if (A("--port")) o.port = atoi(argv[++i]);
        else if (A("--tag")) o.tag = argv[++i];
        else if (A("--ntags")) o.ntags = atoi(argv[++i]);
        else if (A("--multi")) o.multi = atoi(argv[++i]);
        else if (A("--conns")) o.conns = atoi(argv[++i]);
        else if (A("--depth")) o.depth = atoi(argv[++i]);
        else if (A("--elements")) o.elements = atoi(argv[++i]);
        else if (A("--requests")) { o.requests = atoll(argv[++i]); }
        else if (A("--seconds")) o.seconds = atof(argv[++i]);
        else if (A("--warmup")) o.warmup = atof(argv[++i]);
        else if (A("--connsize")) o.connsize = atoi(argv[++i]);
        else if (A("--rawreq")) o.rawreq = atoi(argv[++i]);
        else if (A("--rawrep")) o.rawrep = atoi(argv[++i]);
        else if (A("--type")) o.type = strtol(argv[++i], 0, 0);
        else if (A("--tsize")) o.tsize = atoi(argv[++i]);
        else if (A("--hold")) o.hold = atoi(argv[++i]); /* keep connections idle for N s after the run */
        else if (A("--route")) { if (!strcmp(argv[++i], "none")) o.noroute = 1; else sscanf(argv[i], "%d,%d", &o.route[0], &o.route[1]); }
        else if (A("--mode")) o.modes = argv[++i];
        else if (A("--op")) o.ops_ = argv[++i];
        else if (!strcmp(argv[i], "--large")) { o.large = 1; if (o.connsize == 500) o.connsize = 4000; }
        else if (!strcmp(argv[i], "--lenient")) o.lenient = 1;
        else if (!strcmp(argv[i], "--spin")) o.spin = 1; /* busy-poll: never sleep in epoll_wait */
        else { fprintf(stderr, "unknown argument %s\n", argv[i]); return 1; }
    }
    static const char *mn[] = { "usend", "simple", "connected", "raw" }, *on[] = { "read", "frag", "write", "gas", "listid", "listsvc" };
    o.mode = o.op = -1;
    for (int i = 0; i < 4; i++) if (!strcmp(mn[i], o.modes)) o.mode = i;
    for (int i = 0; i < 6; i++) if (!strcmp(on[i], o.ops_)) o.op = i;
    if (o.mode < 0 || o.op < 0) { fprintf(stderr, "bad --mode/--op\n"); return 1; }
    T = calloc(o.ntags, sizeof *T);
    for (int i = 0; i < o.ntags; i++) build(&T[i], i);

    conn_t *C = calloc(o.conns, sizeof *C);
    uint64_t tc = now();
    for (int i = 0; i < o.conns; i++) open_conn(&C[i], i);
    double connect_ms = (now() - tc) / 1e6;
    int ep = epoll_create1(0);
    for (int i = 0; i < o.conns; i++) {
        struct epoll_event ev = { .events = EPOLLIN, .data.u32 = i };
        epoll_ctl(ep, EPOLL_CTL_ADD, C[i].fd, &ev);
    }
    uint64_t t0 = now(), t = t0, tw = t0 + (uint64_t)(o.warmup * 1e9), tend = tw + (uint64_t)(o.seconds * 1e9), last = t0, tlast = t0;
    int tagno = 0, warm = o.warmup > 0, alive = o.conns;
    double cpu0 = cpu_s();
    if (o.requests) tend = t0 + 600ull * 1000000000ull;
    for (int i = 0; i < o.conns; i++) {
        for (int d = 0; d < o.depth && !(o.requests && issued >= o.requests && !warm); d++) queue_req(&C[i], now(), tagno++ % o.ntags, 0, 0);
        if (flush_out(&C[i])) die("write: %s", strerror(errno));
    }
    struct epoll_event evs[256];
    long long target = o.requests;
    while (alive) {
        int n = epoll_wait(ep, evs, 256, o.spin ? 0 : 1000);
        t = now();
        if (warm && t >= tw) { warm = 0; t0 = t; cpu0 = cpu_s(); done_req = done_ops = rbytes = sbytes = elems_done = 0; hn = hmax = hsum = 0; memset(hist, 0, sizeof hist); }
        if (t >= tend) break;
        if (target && !warm && done_req >= target) break;
        if (n == 0 && t - last > 10000000000ull) { fail("stalled: no reply for 10 s"); break; }
        if (errors > 1000) break;
        for (int k = 0; k < n; k++) {
            conn_t *c = &C[evs[k].data.u32];
            if (c->dead) continue;
            if (evs[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                ssize_t r = read(c->fd, c->ib + c->il, c->icap - c->il);
                if (r <= 0) {
                    if (r < 0 && errno == EAGAIN) continue;
                    fail("connection %u closed by server: %s", evs[k].data.u32, r ? strerror(errno) : "eof");
                    c->dead = 1; alive--;
                    epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
                    continue;
                }
                t = now();
                last = tlast = t;
                c->il += r; rbytes += r;
                size_t pos = 0;
                while (c->count) {
                    size_t len;
                    if (o.mode == M_RAW) len = o.rawrep;
                    else { if (c->il - pos < 24) break; len = 24 + g16(c->ib + pos + 2); }
                    if (c->il - pos < len) break;
                    uint64_t s0 = c->ring[c->head].t0;
                    int rc = on_reply(c, c->ib + pos, len, t);
                    pos += len;
                    done_req++;
                    if (rc != 0) {
                        if (rc > 0) { hadd(t - s0); done_ops += o.multi ? o.multi : 1; elems_done += (long long)o.elements * (o.multi ? o.multi : 1); }
                        queue_req(c, t, tagno++ % o.ntags, 0, 0);
                    }
                }
                if (pos) { memmove(c->ib, c->ib + pos, c->il - pos); c->il -= pos; }
            }
            if (flush_out(c)) { fail("write: %s", strerror(errno)); c->dead = 1; alive--; continue; }
            int wo = c->ol > c->oo;
            if (wo != c->want_out) {
                struct epoll_event ev = { .events = EPOLLIN | (wo ? EPOLLOUT : 0), .data.u32 = evs[k].data.u32 };
                epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
                c->want_out = wo;
            }
        }
    }
    double el = (tlast - t0) / 1e9;
    if (el <= 0) el = 1e-9;
    double cpu = cpu_s() - cpu0;
    printf("{\"mode\": \"%s\", \"op\": \"%s\", \"multi\": %d, \"conns\": %d, \"depth\": %d, \"elements\": %d, "
           "\"seconds\": %.4f, \"ops\": %lld, \"requests\": %lld, \"ops_s\": %.1f, \"req_s\": %.1f, \"elem_s\": %.0f, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, \"mean_us\": %.1f, "
           "\"errors\": %lld, \"ctx_mismatch\": %lld, \"session_mismatch\": %lld, \"cpf_mismatch\": %lld, \"seq_mismatch\": %lld, "
           "\"req_bytes\": %d, \"rep_bytes\": %zu, \"rx_mb_s\": %.2f, \"connect_ms\": %.2f, \"load_cpu_us_per_req\": %.3f, \"first_error\": \"%s\"}\n",
           o.modes, o.ops_, o.multi, o.conns, o.depth, o.elements, el, done_ops, done_req, done_ops / el, done_req / el, elems_done / el,
           hq(.5), hq(.99), hq(.999), hmax / 1e3, hn ? hsum / 1e3 / hn : 0.0, errors, ctx_mismatch, ses_mismatch, cpf_mismatch, seq_mismatch,
           T[0].len, rep_len_seen, rbytes / el / 1e6, connect_ms, done_req ? cpu * 1e6 / done_req : 0.0, firsterr);
    fflush(stdout);
    if (o.hold) { struct timespec ts = { o.hold, 0 }; nanosleep(&ts, NULL); }
    return errors ? 3 : 0;
}
