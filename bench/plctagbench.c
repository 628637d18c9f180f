/* SPDX-License-Identifier: Apache-2.0 */
/* plctagbench -- measure the libplctag C client through its public API.
 * `make bench ARGS=clients` compiles it where LIBPLCTAG names a folder that has
 * libplctag.h and libplctag.a or libplctag.so, see c_programs.py; by hand:
 *
 *   cc -O2 -Wall -I$LIBPLCTAG -o plctagbench plctagbench.c $LIBPLCTAG/libplctag.a -lpthread
 *   ./plctagbench PORT sync|async NTAGS SECONDS [extra attributes]
 *
 * sync:  blocking plc_tag_read() of one tag after another (round robin over NTAGS)
 * async: plc_tag_read(timeout 0) on all NTAGS, wait until every one is done (callbacks), repeat
 */
#include <libplctag.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static int pending, bad;
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static double cpu(void) { struct rusage r; getrusage(RUSAGE_SELF, &r); return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6; }
static void cb(int32_t tag, int event, int status) {
    (void)tag;
    if (event == PLCTAG_EVENT_READ_COMPLETED) {
        pthread_mutex_lock(&mu);
        if (status) bad++;
        if (--pending == 0) pthread_cond_signal(&cv);
        pthread_mutex_unlock(&mu);
    }
}
int main(int c, char **v) {
    if (c < 5) return 1;
    int port = atoi(v[1]), async = !strcmp(v[2], "async"), n = atoi(v[3]);
    double secs = atof(v[4]);
    int32_t *t = calloc(n, sizeof *t);
    for (int i = 0; i < n; i++) {
        char a[400];
        snprintf(a, sizeof a, "protocol=ab_eip&gateway=127.0.0.1:%d&path=1,0&plc=ControlLogix&elem_size=4&elem_count=1&name=D%d%s", port, i, c > 5 ? v[5] : "");
        t[i] = plc_tag_create(a, async ? 0 : 5000);
        if (t[i] < 0) { printf("{\"fatal\": \"create: %s\"}\n", plc_tag_decode_error(t[i])); return 2; }
    }
    for (int i = 0; i < n; i++) {
        double e = now() + 10;
        int st;
        while ((st = plc_tag_status(t[i])) == PLCTAG_STATUS_PENDING && now() < e) { struct timespec s = { 0, 1000000 }; nanosleep(&s, NULL); }
        if (st) { printf("{\"fatal\": \"tag %d: %s\"}\n", i, plc_tag_decode_error(st)); return 2; }
        if (async) plc_tag_register_callback(t[i], cb);
    }
    double t0 = now(), c0 = cpu(), end = t0 + secs;
    long long done = 0;
    int k = 0;
    if (!async) {
        while (now() < end) {
            if (plc_tag_read(t[k], 5000)) bad++;
            else { (void)plc_tag_get_int32(t[k], 0); done++; }
            k = (k + 1) % n;
        }
    } else {
        while (now() < end && !bad) {
            pthread_mutex_lock(&mu); pending = n; pthread_mutex_unlock(&mu);
            for (int i = 0; i < n; i++) {
                int st = plc_tag_read(t[i], 0);
                if (st != PLCTAG_STATUS_OK && st != PLCTAG_STATUS_PENDING) { pthread_mutex_lock(&mu); bad++; pending--; pthread_mutex_unlock(&mu); }
            }
            pthread_mutex_lock(&mu);
            while (pending > 0) {
                struct timespec ts; clock_gettime(CLOCK_REALTIME, &ts); ts.tv_sec += 10;
                if (pthread_cond_timedwait(&cv, &mu, &ts)) { bad++; break; }
            }
            pthread_mutex_unlock(&mu);
            done += n;
        }
    }
    double el = now() - t0, cp = cpu() - c0;
    printf("{\"tags\": %lld, \"seconds\": %.4f, \"tags_s\": %.1f, \"cpu_us\": %.3f, \"errors\": %d}\n", done, el, done / el, cp * 1e6 / (done ? done : 1), bad);
    return bad ? 3 : 0;
}
