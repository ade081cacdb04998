/* Copyright (c) mediastore.s3 contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * nulls3: an S3 endpoint for benchmarks that costs almost nothing itself.
 *
 * It accepts any signature and keeps no object's bytes: a GET answers zeros of the right length. It keeps, for each key, the size, the
 * MD5 of the bytes that really came (for uploads in parts that of each part), the time and the client's metadata headers. So LIST (v1,
 * v2, delimiter, url encoding), HEAD, COPY, ranges, DELETE, uploads in parts and multi-delete work as the usual clients expect, and
 * whoever measures can prove afterwards that every byte arrived. One thread per connection.
 *
 *   cc -O2 -pthread -o nulls3 nulls3.c -lssl -lcrypto
 *   nulls3 PORT [tls=CERT,KEY] [rtt=MICROSECONDS]        (port 0: any; prints the port)
 *
 * rtt is a model of a far server: a new connection waits one round trip (two with TLS), "100 Continue" and each answer one more.
 *
 * For whoever measures (no signature): GET /__stats, POST /__reset (forget all), POST /__zero (counters), POST /__set?rtt=..,
 *   POST /__load?bucket=b with lines "key TAB size TAB md5hex TAB unixtime TAB name:value|..." (the last are metadata headers),
 *   GET /__dump?bucket=b with lines "key TAB size TAB etag TAB unixtime TAB size:md5,size:md5.." (the last are the parts, if any)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAXL 20
#define HDRMAX 65536
#define BUFSZ (256 * 1024)

/* ---------- store ---------- */
typedef struct Obj {
  char *key;
  uint64_t size;
  char etag[48];
  int64_t mtime;
  char *meta;  /* header lines "name: value\r\n", or NULL */
  char *parts; /* "size:md5,size:md5" when it came in parts, or NULL */
  int lvl;
  struct Obj *next[];
} Obj;
typedef struct Bucket {
  char *name;
  Obj *head;
  int lvl;
  uint64_t n, bytes;
  struct Bucket *nx;
} Bucket;
typedef struct Mpu {
  char id[24];
  char *meta;
  int cap;
  struct {
    char md5[33];
    uint64_t size;
  } *part; /* index by number-1 */
  struct Mpu *nx;
} Mpu;

static Bucket *buckets;
static Mpu *mpus;
static pthread_rwlock_t L = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t ML = PTHREAD_MUTEX_INITIALIZER;
static uint64_t mpuseq = 1;
static _Thread_local uint64_t rs;

static atomic_long d_rtt;
enum { S_PUT, S_COPY, S_HEAD, S_GET, S_LIST, S_DEL, S_MDEL, S_MPC, S_MPP, S_MPE, S_OTHER, S_CONN, S_100, S_404, S_INB, S_N };
static const char *sname[] = {"put",    "copy",        "head",        "get",      "list",
                              "delete", "multidelete", "mpu_create",  "mpu_part", "mpu_complete",
                              "other",  "connections", "continue100", "notfound", "bytes_in"};
static atomic_ulong st[S_N];
static atomic_int cur_conn, max_conn;

static uint64_t rnd(void) {
  if (!rs) rs = (uint64_t)time(0) ^ (uint64_t)pthread_self() * 2654435761u;
  rs ^= rs << 13;
  rs ^= rs >> 7;
  rs ^= rs << 17;
  return rs;
}
static Obj *mkobj(const char *k, int lvl) {
  Obj *o = calloc(1, sizeof(Obj) + lvl * sizeof(Obj *));
  o->key = k ? strdup(k) : NULL;
  o->lvl = lvl;
  return o;
}
static Bucket *bget(const char *name, int make) { /* caller holds L (write if make) */
  for (Bucket *b = buckets; b; b = b->nx)
    if (!strcmp(b->name, name)) return b;
  if (!make) return NULL;
  Bucket *b = calloc(1, sizeof *b);
  b->name = strdup(name);
  b->head = mkobj(NULL, MAXL);
  b->lvl = 1;
  b->nx = buckets;
  buckets = b;
  return b;
}
static Obj *lower(Bucket *b, const char *k, int strict) { /* first key >= k (or > k) */
  Obj *x = b->head;
  for (int i = b->lvl - 1; i >= 0; i--)
    while (x->next[i]) {
      int c = strcmp(x->next[i]->key, k);
      if (c < 0 || (strict && c == 0))
        x = x->next[i];
      else
        break;
    }
  return x->next[0];
}
static Obj *oget(Bucket *b, const char *k) {
  Obj *o = lower(b, k, 0);
  return o && !strcmp(o->key, k) ? o : NULL;
}
static Obj *oput(Bucket *b, const char *k) { /* find or insert */
  Obj *up[MAXL], *x = b->head;
  for (int i = MAXL - 1; i >= 0; i--) {
    if (i < b->lvl)
      while (x->next[i] && strcmp(x->next[i]->key, k) < 0) x = x->next[i];
    up[i] = i < b->lvl ? x : b->head;
  }
  Obj *o = up[0]->next[0];
  if (o && !strcmp(o->key, k)) {
    b->bytes -= o->size;
    return o;
  }
  int l = 1;
  while (l < MAXL && (rnd() & 3) == 0) l++;
  if (l > b->lvl) b->lvl = l;
  o = mkobj(k, l);
  for (int i = 0; i < l; i++) {
    o->next[i] = up[i]->next[i];
    up[i]->next[i] = o;
  }
  b->n++;
  return o;
}
static int odel(Bucket *b, const char *k) {
  Obj *up[MAXL], *x = b->head;
  for (int i = b->lvl - 1; i >= 0; i--) {
    while (x->next[i] && strcmp(x->next[i]->key, k) < 0) x = x->next[i];
    up[i] = x;
  }
  Obj *o = up[0]->next[0];
  if (!o || strcmp(o->key, k)) return 0;
  for (int i = 0; i < o->lvl; i++) up[i]->next[i] = o->next[i];
  b->n--;
  b->bytes -= o->size;
  free(o->key);
  free(o->meta);
  free(o->parts);
  free(o);
  return 1;
}
static void wipe(void) {
  while (buckets) {
    Bucket *b = buckets;
    buckets = b->nx;
    for (Obj *o = b->head->next[0]; o;) {
      Obj *n = o->next[0];
      free(o->key);
      free(o->meta);
      free(o->parts);
      free(o);
      o = n;
    }
    free(b->head);
    free(b->name);
    free(b);
  }
}

/* ---------- growable string ---------- */
typedef struct {
  char *p;
  size_t n, cap;
} Str;
static void sneed(Str *s, size_t m) {
  if (s->n + m + 1 > s->cap) {
    s->cap = (s->n + m + 1) * 2;
    s->p = realloc(s->p, s->cap);
  }
}
static void sadd(Str *s, const char *t, size_t m) {
  sneed(s, m);
  memcpy(s->p + s->n, t, m);
  s->n += m;
  s->p[s->n] = 0;
}
static void sputs(Str *s, const char *t) {
  sadd(s, t, strlen(t));
}
static void sfmt(Str *s, const char *f, ...) __attribute__((format(printf, 2, 3)));
static void sfmt(Str *s, const char *f, ...) {
  va_list a;
  va_start(a, f);
  char tmp[4096];
  int m = vsnprintf(tmp, sizeof tmp, f, a);
  va_end(a);
  if (m >= (int)sizeof tmp) m = sizeof tmp - 1;
  sadd(s, tmp, m);
}
static void skey(Str *s, const char *k, int url) {
  static const char hx[] = "0123456789ABCDEF";
  sneed(s, strlen(k) * 6);
  for (; *k; k++) {
    unsigned char c = *k;
    if (url) {
      if (isalnum(c) || strchr("-_.~/", c))
        s->p[s->n++] = c;
      else {
        s->p[s->n++] = '%';
        s->p[s->n++] = hx[c >> 4];
        s->p[s->n++] = hx[c & 15];
      }
    } else if (c == '&') {
      memcpy(s->p + s->n, "&amp;", 5);
      s->n += 5;
    } else if (c == '<') {
      memcpy(s->p + s->n, "&lt;", 4);
      s->n += 4;
    } else if (c == '>') {
      memcpy(s->p + s->n, "&gt;", 4);
      s->n += 4;
    } else
      s->p[s->n++] = c;
  }
  s->p[s->n] = 0;
}

/* ---------- connection ---------- */
typedef struct {
  int fd;
  SSL *ssl;
  char *buf;
  size_t have, pos; /* input buffer */
  /* current request */
  char method[8], *path, *query;
  int64_t clen;
  int chunked, awschunk, expect, close;
  char *meta;
  char *copysrc;
  uint64_t left;
  int te_state;
  int te_eof;
  int sent100;
  char *hdr;
} Conn;
static SSL_CTX *ctx;

static ssize_t rawread(Conn *c, char *p, size_t n) {
  if (c->ssl) {
    int r = SSL_read(c->ssl, p, n > 1 << 30 ? 1 << 30 : (int)n);
    return r > 0 ? r : -1;
  }
  for (;;) {
    ssize_t r = recv(c->fd, p, n, 0);
    if (r < 0 && errno == EINTR) continue;
    return r;
  }
}
static int rawwrite(Conn *c, const char *p, size_t n) {
  while (n) {
    ssize_t r = c->ssl ? SSL_write(c->ssl, p, n > 1 << 20 ? 1 << 20 : (int)n) : send(c->fd, p, n, MSG_NOSIGNAL);
    if (r <= 0) {
      if (!c->ssl && errno == EINTR) continue;
      return -1;
    }
    p += r;
    n -= r;
  }
  return 0;
}
static void nap(long us) {
  if (us > 0) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, 0);
  }
}
static int fill(Conn *c) { /* compact, read more */
  if (c->pos) {
    memmove(c->buf, c->buf + c->pos, c->have - c->pos);
    c->have -= c->pos;
    c->pos = 0;
  }
  if (c->have >= BUFSZ) return -1;
  ssize_t r = rawread(c, c->buf + c->have, BUFSZ - c->have);
  if (r <= 0) return -1;
  c->have += r;
  return 0;
}
static int send100(Conn *c) {
  if (!c->expect || c->sent100) return 0;
  c->sent100 = 1;
  atomic_fetch_add(&st[S_100], 1);
  nap(d_rtt);
  return rawwrite(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}
/* read up to n body bytes (transfer decoding done); 0 at the end, -1 error */
static ssize_t bodyread(Conn *c, char **out, size_t max) {
  if (c->chunked) {
    if (c->te_eof) return 0;
    while (!c->left) {
      char *e;
      while (!(e = memmem(c->buf + c->pos, c->have - c->pos, "\r\n", 2)))
        if (fill(c)) return -1;
      size_t ll = e - (c->buf + c->pos);
      if (c->te_state == 1 && ll == 0) {
        c->pos += 2;
        c->te_state = 0;
        continue;
      } /* CRLF after data */
      uint64_t sz = strtoull(c->buf + c->pos, 0, 16);
      c->pos += ll + 2;
      c->te_state = 1;
      if (!sz) { /* trailers until an empty line */
        for (;;) {
          while (!(e = memmem(c->buf + c->pos, c->have - c->pos, "\r\n", 2)))
            if (fill(c)) return -1;
          ll = e - (c->buf + c->pos);
          c->pos += ll + 2;
          if (!ll) break;
        }
        c->te_eof = 1;
        return 0;
      }
      c->left = sz;
    }
  } else if (!c->left)
    return 0;
  if (c->pos == c->have) {
    c->pos = c->have = 0;
    size_t want = BUFSZ;
    if (c->left < want && !c->chunked) want = c->left;
    ssize_t r = rawread(c, c->buf, want);
    if (r <= 0) return -1;
    c->have = r;
  }
  size_t m = c->have - c->pos;
  if (m > c->left) m = c->left;
  if (m > max) m = max;
  *out = c->buf + c->pos;
  c->pos += m;
  c->left -= m;
  return m;
}

typedef struct {
  int st;
  uint64_t left;
  char line[512];
  int ln;
  int done;
} Aws;
/* returns decoded size; md5hex filled unless NULL; keep (if not NULL) receives the bytes */
static int64_t takebody(Conn *c, char *md5hex, Str *keep) {
  if (send100(c)) return -1;
  uint64_t total = 0;
  EVP_MD_CTX *m = NULL;
  if (md5hex) {
    m = EVP_MD_CTX_new();
    EVP_DigestInit_ex(m, EVP_md5(), 0);
  }
  Aws a = {0};
  for (;;) {
    char *p;
    ssize_t n = bodyread(c, &p, BUFSZ);
    if (n < 0) {
      if (m) EVP_MD_CTX_free(m);
      return -1;
    }
    if (!n) break;
    if (!c->awschunk) {
      total += n;
      if (m) EVP_DigestUpdate(m, p, n);
      if (keep) sadd(keep, p, n);
      continue;
    }
    while (n > 0 && !a.done) { /* aws-chunked: size[;chunk-signature=..]CRLF data CRLF .. 0 CRLF trailers CRLF */
      if (a.st == 0 || a.st == 2) {
        char ch = *p++;
        n--;
        if (ch == '\n') {
          a.line[a.ln] = 0;
          if (a.ln && a.line[a.ln - 1] == '\r') a.line[--a.ln] = 0;
          if (a.st == 2) {
            a.st = 0;
            a.ln = 0;
            continue;
          }
          a.left = strtoull(a.line, 0, 16);
          a.ln = 0;
          if (!a.left) {
            a.done = 1;
            break;
          }
          a.st = 1;
        } else if (a.ln < 500)
          a.line[a.ln++] = ch;
      } else {
        size_t k = (uint64_t)n < a.left ? (size_t)n : a.left;
        total += k;
        if (m) EVP_DigestUpdate(m, p, k);
        if (keep) sadd(keep, p, k);
        p += k;
        n -= k;
        a.left -= k;
        if (!a.left) {
          a.st = 2;
          a.ln = 0;
        }
      }
    }
  }
  if (m) {
    unsigned char d[16];
    unsigned dl;
    EVP_DigestFinal_ex(m, d, &dl);
    EVP_MD_CTX_free(m);
    for (int i = 0; i < 16; i++) sprintf(md5hex + 2 * i, "%02x", d[i]);
  }
  atomic_fetch_add(&st[S_INB], total);
  return total;
}

static void unpct(char *s, int plus) {
  char *o = s;
  for (; *s; s++) {
    if (*s == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2])) {
      char h[3] = {s[1], s[2], 0};
      *o++ = (char)strtol(h, 0, 16);
      s += 2;
    } else if (plus && *s == '+')
      *o++ = ' ';
    else
      *o++ = *s;
  }
  *o = 0;
}
/* value of a query parameter, decoded, malloc'd; NULL if absent; "" if bare */
static char *q(Conn *c, const char *name) {
  size_t nl = strlen(name);
  for (char *p = c->query; p && *p;) {
    char *e = strchrnul(p, '&'), *eq = memchr(p, '=', e - p);
    size_t kl = (eq ? eq : e) - p;
    if (kl == nl && !strncmp(p, name, nl)) {
      char *v = eq ? strndup(eq + 1, e - eq - 1) : strdup("");
      unpct(v, 1);
      return v;
    }
    p = *e ? e + 1 : e;
  }
  return NULL;
}
static int hasq(Conn *c, const char *n) {
  char *v = q(c, n);
  free(v);
  return v != NULL;
}

static void rfc1123(int64_t t, char *o) {
  time_t x = t;
  struct tm g;
  gmtime_r(&x, &g);
  strftime(o, 40, "%a, %d %b %Y %H:%M:%S GMT", &g);
}
static void iso(int64_t t, char *o) {
  time_t x = t;
  struct tm g;
  gmtime_r(&x, &g);
  strftime(o, 40, "%Y-%m-%dT%H:%M:%S.000Z", &g);
}

static int reply(Conn *c, int code, const char *extra, const char *body, size_t n) {
  char date[40];
  rfc1123(time(0), date);
  Str s = {0};
  sneed(&s, n + 1024);
  sfmt(&s, "HTTP/1.1 %d %s\r\nDate: %s\r\nx-amz-request-id: 0A\r\nServer: nulls3\r\n", code,
       code == 200   ? "OK"
       : code == 204 ? "No Content"
       : code == 206 ? "Partial Content"
       : code == 404 ? "Not Found"
                     : "X",
       date);
  if (extra) sputs(&s, extra);
  if (code != 204 && !(extra && strcasestr(extra, "content-length:"))) sfmt(&s, "Content-Length: %zu\r\n", n);
  if (n && !(extra && strcasestr(extra, "content-type:"))) sputs(&s, "Content-Type: application/xml\r\n");
  if (c->close) sputs(&s, "Connection: close\r\n");
  sputs(&s, "\r\n");
  if (n) sadd(&s, body, n);
  nap(d_rtt);
  int r = rawwrite(c, s.p, s.n);
  free(s.p);
  return r;
}
static int notfound(Conn *c, const char *codename, int head) {
  atomic_fetch_add(&st[S_404], 1);
  char b[300];
  int n = snprintf(b, sizeof b,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>not "
                   "here</Message><RequestId>0A</RequestId></Error>",
                   codename);
  return reply(c, 404, NULL, b, head ? 0 : n);
}

static int do_list(Conn *c, const char *bn) {
  char *lt = q(c, "list-type");
  int v2 = lt && *lt == '2';
  free(lt);
  char *prefix = q(c, "prefix"), *delim = q(c, "delimiter"), *mk = q(c, "max-keys"), *enc = q(c, "encoding-type");
  char *after = v2 ? q(c, "continuation-token") : q(c, "marker"), *sa = v2 ? q(c, "start-after") : NULL;
  int url = enc && !strcmp(enc, "url"), max = mk && *mk ? atoi(mk) : 1000;
  if (max > 1000 || max < 0) max = 1000;
  if (!prefix) prefix = strdup("");
  size_t pl = strlen(prefix), dl = delim ? strlen(delim) : 0;
  Str s = {0}, body = {0};
  int n = 0, trunc = 0;
  char *last = NULL;
  char *start = after && *after ? after : sa && *sa ? sa : NULL;
  /* a continuation token that ends in 0xff marks "skip everything under this common prefix" */
  pthread_rwlock_rdlock(&L);
  Bucket *b = bget(bn, 0);
  if (b) {
    Obj *o = start && strcmp(start, prefix) >= 0 ? lower(b, start, 1) : lower(b, prefix, 0);
    if (start && dl && strncmp(start, prefix, pl) == 0) { /* marker was a common prefix: skip it */
      size_t sl = strlen(start);
      if (sl >= dl && !strcmp(start + sl - dl, delim))
        while (o && !strncmp(o->key, start, sl)) {
          char *sk = strdup(start);
          sk[sl - 1]++;
          o = lower(b, sk, 0);
          free(sk);
        }
    }
    while (o && !strncmp(o->key, prefix, pl)) {
      if (n >= max) {
        trunc = 1;
        break;
      }
      char *d = dl ? strstr(o->key + pl, delim) : NULL;
      free(last);
      if (d) {
        size_t cl = d - o->key + dl;
        char *cp = strndup(o->key, cl);
        sputs(&body, "<CommonPrefixes><Prefix>");
        skey(&body, cp, url);
        sputs(&body, "</Prefix></CommonPrefixes>");
        n++;
        last = strdup(cp);
        cp[cl - 1]++;
        o = lower(b, cp, 0);
        free(cp);
      } else {
        char t[40];
        iso(o->mtime, t);
        sputs(&body, "<Contents><Key>");
        skey(&body, o->key, url);
        sfmt(&body,
             "</Key><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag><Size>%lu</Size><StorageClass>STANDARD</"
             "StorageClass></Contents>",
             t, o->etag, (unsigned long)o->size);
        n++;
        last = strdup(o->key);
        o = o->next[0];
      }
    }
  }
  pthread_rwlock_unlock(&L);
  sputs(&s,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>");
  skey(&s, bn, 0);
  sputs(&s, "</Name><Prefix>");
  skey(&s, prefix, url);
  sputs(&s, "</Prefix>");
  if (dl) {
    sputs(&s, "<Delimiter>");
    skey(&s, delim, url);
    sputs(&s, "</Delimiter>");
  }
  if (url) sputs(&s, "<EncodingType>url</EncodingType>");
  sfmt(&s, "<MaxKeys>%d</MaxKeys><IsTruncated>%s</IsTruncated>", max, trunc ? "true" : "false");
  if (v2) {
    sfmt(&s, "<KeyCount>%d</KeyCount>", n);
    if (trunc) {
      sputs(&s, "<NextContinuationToken>");
      skey(&s, last, 0);
      sputs(&s, "</NextContinuationToken>");
    }
  } else {
    sputs(&s, "<Marker>");
    if (after) skey(&s, after, url);
    sputs(&s, "</Marker>");
    if (trunc) {
      sputs(&s, "<NextMarker>");
      skey(&s, last, url);
      sputs(&s, "</NextMarker>");
    }
  }
  if (body.n) sadd(&s, body.p, body.n);
  sputs(&s, "</ListBucketResult>");
  atomic_fetch_add(&st[S_LIST], 1);
  int r = reply(c, 200, NULL, s.p, s.n);
  free(s.p);
  free(body.p);
  free(prefix);
  free(delim);
  free(mk);
  free(enc);
  free(after);
  free(sa);
  free(last);
  return r;
}

static void store(const char *bn, const char *key, uint64_t size, const char *etag, int64_t mt, const char *meta,
                  const char *parts) {
  pthread_rwlock_wrlock(&L);
  Bucket *b = bget(bn, 1);
  Obj *o = oput(b, key);
  o->size = size;
  b->bytes += size;
  o->mtime = mt;
  snprintf(o->etag, sizeof o->etag, "%s", etag);
  free(o->meta);
  o->meta = meta && *meta ? strdup(meta) : NULL;
  free(o->parts);
  o->parts = parts && *parts ? strdup(parts) : NULL;
  pthread_rwlock_unlock(&L);
}

static int control(Conn *c) {
  Str s = {0};
  int r;
  if (!strcmp(c->path, "/__stats")) {
    pthread_rwlock_rdlock(&L);
    uint64_t n = 0, by = 0;
    for (Bucket *b = buckets; b; b = b->nx) {
      n += b->n;
      by += b->bytes;
    }
    pthread_rwlock_unlock(&L);
    sfmt(&s, "{\"objects\":%lu,\"bytes\":%lu,\"max_conn\":%d", (unsigned long)n, (unsigned long)by, max_conn);
    for (int i = 0; i < S_N; i++) sfmt(&s, ",\"%s\":%lu", sname[i], (unsigned long)st[i]);
    sputs(&s, "}\n");
  } else if (!strcmp(c->path, "/__reset") || !strcmp(c->path, "/__zero")) {
    if (c->path[3] == 'r') {
      pthread_rwlock_wrlock(&L);
      wipe();
      pthread_rwlock_unlock(&L);
    }
    for (int i = 0; i < S_N; i++) st[i] = 0;
    max_conn = 0;
    sputs(&s, "ok\n");
  } else if (!strcmp(c->path, "/__set")) {
    char *v;
    if ((v = q(c, "rtt"))) {
      d_rtt = atol(v);
      free(v);
    }
    sputs(&s, "ok\n");
  } else if (!strcmp(c->path, "/__load")) {
    char *bn = q(c, "bucket");
    Str in = {0};
    if (takebody(c, NULL, &in) < 0) {
      free(in.p);
      return -1;
    }
    long n = 0;
    char *sv;
    for (char *ln = in.p ? strtok_r(in.p, "\n", &sv) : NULL; ln; ln = strtok_r(NULL, "\n", &sv)) {
      char *f[5] = {0};
      int k = 0;
      for (char *p = ln; p && k < 5; k++) {
        f[k] = p;
        p = strchr(p, '\t');
        if (p) *p++ = 0;
      }
      if (!f[3]) continue;
      Str m = {0};
      if (f[4]) {
        char *s2;
        for (char *t = strtok_r(f[4], "|", &s2); t; t = strtok_r(NULL, "|", &s2)) {
          char *co = strchr(t, ':');
          if (!co) continue;
          *co = 0;
          sfmt(&m, "%s: %s\r\n", t, co + 1);
        }
      }
      store(bn, f[0], strtoull(f[1], 0, 10), f[2], atoll(f[3]), m.p, NULL);
      free(m.p);
      n++;
    }
    free(in.p);
    free(bn);
    sfmt(&s, "%ld\n", n);
  } else if (!strcmp(c->path, "/__dump")) {
    char *bn = q(c, "bucket");
    pthread_rwlock_rdlock(&L);
    Bucket *b = bget(bn, 0);
    if (b)
      for (Obj *o = b->head->next[0]; o; o = o->next[0]) {
        sadd(&s, o->key, strlen(o->key));
        sfmt(&s, "\t%lu\t%s\t%ld\t", (unsigned long)o->size, o->etag, (long)o->mtime);
        if (o->parts) sputs(&s, o->parts);
        sputs(&s, "\n");
      }
    pthread_rwlock_unlock(&L);
    free(bn);
  }
  char h[256];
  int hn = snprintf(h, sizeof h, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nContent-Type: text/plain\r\n\r\n", s.n);
  r = rawwrite(c, h, hn);
  if (!r && s.n) r = rawwrite(c, s.p, s.n);
  free(s.p);
  return r;
}

static int handle(Conn *c) {
  if (!strncmp(c->path, "/__", 3)) return control(c);
  char *p = c->path + 1, *slash = strchr(p, '/');
  char *bn = slash ? strndup(p, slash - p) : strdup(p);
  char *key = slash && slash[1] ? slash + 1 : NULL;
  unpct(bn, 0);
  if (key) unpct(key, 0);
  int M = c->method[0], r = -1, head = !strcmp(c->method, "HEAD");
  char etag[80] = "", buf[8192];
  if (!*bn) { /* service */
    takebody(c, NULL, NULL);
    Str s = {0};
    sputs(&s, "<?xml version=\"1.0\"?><ListAllMyBucketsResult "
              "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>o</ID></Owner><Buckets>");
    pthread_rwlock_rdlock(&L);
    for (Bucket *b = buckets; b; b = b->nx)
      sfmt(&s, "<Bucket><Name>%s</Name><CreationDate>2024-01-01T00:00:00.000Z</CreationDate></Bucket>", b->name);
    pthread_rwlock_unlock(&L);
    sputs(&s, "</Buckets></ListAllMyBucketsResult>");
    atomic_fetch_add(&st[S_OTHER], 1);
    r = reply(c, 200, NULL, s.p, s.n);
    free(s.p);
  } else if (!key) { /* bucket */
    if (M == 'P' && !strcmp(c->method, "POST") && hasq(c, "delete")) {
      Str in = {0}, s = {0};
      if (takebody(c, NULL, &in) < 0) goto out;
      sputs(&s, "<?xml version=\"1.0\"?><DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
      pthread_rwlock_wrlock(&L);
      Bucket *b = bget(bn, 1);
      for (char *k = in.p; k && (k = strstr(k, "<Key>"));) {
        k += 5;
        char *e = strstr(k, "</Key>");
        if (!e) break;
        *e = 0;
        odel(b, k);
        k = e + 1;
      }
      pthread_rwlock_unlock(&L);
      sputs(&s, "</DeleteResult>");
      atomic_fetch_add(&st[S_MDEL], 1);
      r = reply(c, 200, NULL, s.p, s.n);
      free(s.p);
      free(in.p);
      goto out;
    }
    if (takebody(c, NULL, NULL) < 0) goto out;
    if (M == 'G' && (hasq(c, "location"))) {
      const char *x =
          "<?xml version=\"1.0\"?><LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></LocationConstraint>";
      atomic_fetch_add(&st[S_OTHER], 1);
      r = reply(c, 200, NULL, x, strlen(x));
    } else if (M == 'G' && hasq(c, "versioning")) {
      const char *x = "<?xml version=\"1.0\"?><VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>";
      atomic_fetch_add(&st[S_OTHER], 1);
      r = reply(c, 200, NULL, x, strlen(x));
    } else if (M == 'G' && hasq(c, "uploads")) {
      const char *x =
          "<?xml version=\"1.0\"?><ListMultipartUploadsResult "
          "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";
      atomic_fetch_add(&st[S_OTHER], 1);
      r = reply(c, 200, NULL, x, strlen(x));
    } else if (M == 'G' && (hasq(c, "policy") || hasq(c, "cors") || hasq(c, "lifecycle") || hasq(c, "object-lock")))
      r = notfound(c, "NoSuchConfiguration", 0);
    else if (M == 'G')
      r = do_list(c, bn);
    else {
      pthread_rwlock_wrlock(&L);
      bget(bn, 1);
      pthread_rwlock_unlock(&L);
      atomic_fetch_add(&st[S_OTHER], 1);
      r = reply(c, M == 'D' ? 204 : 200, NULL, NULL, 0);
    }
  } else if (!strcmp(c->method, "PUT")) {
    char *pn = q(c, "partNumber"), *ui = q(c, "uploadId");
    if (pn && ui && !c->copysrc) {
      int64_t n = takebody(c, etag, NULL);
      int num = atoi(pn);
      if (n >= 0) {
        pthread_mutex_lock(&ML);
        Mpu *m = mpus;
        while (m && strcmp(m->id, ui)) m = m->nx;
        if (m && num > 0 && num <= 10000) {
          if (num > m->cap) {
            int nc = num * 2;
            m->part = realloc(m->part, nc * sizeof *m->part);
            memset(m->part + m->cap, 0, (nc - m->cap) * sizeof *m->part);
            m->cap = nc;
          }
          memcpy(m->part[num - 1].md5, etag, 32);
          m->part[num - 1].size = n;
        }
        pthread_mutex_unlock(&ML);
        atomic_fetch_add(&st[S_MPP], 1);
        snprintf(buf, sizeof buf, "ETag: \"%s\"\r\n", etag);
        r = reply(c, 200, buf, NULL, 0);
      }
    } else if (c->copysrc) {
      takebody(c, NULL, NULL);
      unpct(c->copysrc, 0);
      char *sp = c->copysrc;
      if (*sp == '/') sp++;
      char *sl = strchr(sp, '/');
      int ok = 0;
      uint64_t sz = 0;
      int64_t mt = time(0);
      char *om = NULL, *op = NULL;
      if (sl) {
        *sl = 0;
        pthread_rwlock_rdlock(&L);
        Bucket *b = bget(sp, 0);
        Obj *o = b ? oget(b, sl + 1) : NULL;
        if (o) {
          ok = 1;
          sz = o->size;
          strcpy(etag, o->etag);
          om = o->meta ? strdup(o->meta) : NULL;
          op = o->parts ? strdup(o->parts) : NULL;
        }
        pthread_rwlock_unlock(&L);
      }
      if (!ok)
        r = notfound(c, "NoSuchKey", 0);
      else {
        store(bn, key, sz, etag, mt, c->meta && *c->meta ? c->meta : om, op);
        char t[40];
        iso(mt, t);
        int n = snprintf(buf, sizeof buf,
                         "<?xml version=\"1.0\"?><CopyObjectResult "
                         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LastModified>%s</LastModified><ETag>&quot;%s&quot;</"
                         "ETag></CopyObjectResult>",
                         t, etag);
        atomic_fetch_add(&st[S_COPY], 1);
        r = reply(c, 200, NULL, buf, n);
      }
      free(om);
      free(op);
    } else if (hasq(c, "acl") || hasq(c, "tagging")) {
      takebody(c, NULL, NULL);
      atomic_fetch_add(&st[S_OTHER], 1);
      r = reply(c, 200, NULL, NULL, 0);
    } else {
      int64_t n = takebody(c, etag, NULL);
      if (n >= 0) {
        store(bn, key, n, etag, time(0), c->meta, NULL);
        atomic_fetch_add(&st[S_PUT], 1);
        snprintf(buf, sizeof buf, "ETag: \"%s\"\r\n", etag);
        r = reply(c, 200, buf, NULL, 0);
      }
    }
    free(pn);
    free(ui);
  } else if (!strcmp(c->method, "POST")) {
    char *ui = q(c, "uploadId");
    if (hasq(c, "uploads")) {
      takebody(c, NULL, NULL);
      Mpu *m = calloc(1, sizeof *m);
      pthread_mutex_lock(&ML);
      snprintf(m->id, sizeof m->id, "u%lu", (unsigned long)mpuseq++);
      m->meta = c->meta ? strdup(c->meta) : NULL;
      m->nx = mpus;
      mpus = m;
      pthread_mutex_unlock(&ML);
      int n = snprintf(buf, sizeof buf,
                       "<?xml version=\"1.0\"?><InitiateMultipartUploadResult "
                       "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>%s</Bucket><Key>k</Key><UploadId>%s</"
                       "UploadId></InitiateMultipartUploadResult>",
                       bn, m->id);
      atomic_fetch_add(&st[S_MPC], 1);
      r = reply(c, 200, NULL, buf, n);
    } else if (ui) {
      takebody(c, NULL, NULL);
      pthread_mutex_lock(&ML);
      Mpu **pp = &mpus;
      while (*pp && strcmp((*pp)->id, ui)) pp = &(*pp)->nx;
      Mpu *m = *pp;
      if (m) *pp = m->nx;
      pthread_mutex_unlock(&ML);
      if (!m)
        r = notfound(c, "NoSuchUpload", 0);
      else {
        EVP_MD_CTX *h = EVP_MD_CTX_new();
        EVP_DigestInit_ex(h, EVP_md5(), 0);
        uint64_t sz = 0;
        int np = 0;
        Str parts = {0};
        for (int i = 0; i < m->cap; i++)
          if (m->part[i].md5[0]) {
            unsigned char d[16];
            for (int k = 0; k < 16; k++) {
              char x[3] = {m->part[i].md5[2 * k], m->part[i].md5[2 * k + 1], 0};
              d[k] = strtol(x, 0, 16);
            }
            EVP_DigestUpdate(h, d, 16);
            sz += m->part[i].size;
            np++;
            sfmt(&parts, "%s%lu:%s", np > 1 ? "," : "", (unsigned long)m->part[i].size, m->part[i].md5);
          }
        unsigned char d[16];
        unsigned dl;
        EVP_DigestFinal_ex(h, d, &dl);
        EVP_MD_CTX_free(h);
        for (int k = 0; k < 16; k++) sprintf(etag + 2 * k, "%02x", d[k]);
        sprintf(etag + 32, "-%d", np);
        store(bn, key, sz, etag, time(0), m->meta, parts.p);
        free(parts.p);
        free(m->meta);
        free(m->part);
        free(m);
        int n = snprintf(buf, sizeof buf,
                         "<?xml version=\"1.0\"?><CompleteMultipartUploadResult "
                         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>%s</Bucket><Key>k</Key><ETag>&quot;%s&quot;</"
                         "ETag></CompleteMultipartUploadResult>",
                         bn, etag);
        atomic_fetch_add(&st[S_MPE], 1);
        r = reply(c, 200, NULL, buf, n);
      }
    } else {
      takebody(c, NULL, NULL);
      r = reply(c, 400, NULL, NULL, 0);
    }
    free(ui);
  } else if (!strcmp(c->method, "DELETE")) {
    takebody(c, NULL, NULL);
    pthread_rwlock_wrlock(&L);
    Bucket *b = bget(bn, 0);
    if (b) odel(b, key);
    pthread_rwlock_unlock(&L);
    atomic_fetch_add(&st[S_DEL], 1);
    r = reply(c, 204, NULL, NULL, 0);
  } else { /* GET, HEAD */
    takebody(c, NULL, NULL);
    int found = 0;
    uint64_t sz = 0;
    Str x = {0};
    if (hasq(c, "acl")) {
      const char *a = "<?xml version=\"1.0\"?><AccessControlPolicy "
                      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>o</ID></Owner><AccessControlList></"
                      "AccessControlList></AccessControlPolicy>";
      r = reply(c, 200, NULL, a, strlen(a));
      goto out;
    }
    pthread_rwlock_rdlock(&L);
    Bucket *b = bget(bn, 0);
    Obj *o = b ? oget(b, key) : NULL;
    if (o) {
      found = 1;
      sz = o->size;
      char t[40];
      rfc1123(o->mtime, t);
      sfmt(&x, "ETag: \"%s\"\r\nLast-Modified: %s\r\nAccept-Ranges: bytes\r\n", o->etag, t);
      if (o->meta) sputs(&x, o->meta);
      if (!o->meta || !strcasestr(o->meta, "content-type:")) sputs(&x, "Content-Type: binary/octet-stream\r\n");
    }
    pthread_rwlock_unlock(&L);
    atomic_fetch_add(&st[head ? S_HEAD : S_GET], 1);
    if (!found)
      r = notfound(c, "NoSuchKey", head);
    else if (head) {
      sfmt(&x, "Content-Length: %lu\r\n", (unsigned long)sz);
      r = reply(c, 200, x.p, NULL, 0);
    } else {
      uint64_t a = 0, z = sz ? sz - 1 : 0;
      int part = 0;
      char *rg = c->hdr ? strcasestr(c->hdr, "\r\nrange: bytes=") : NULL;
      if (rg && sz) {
        rg += 15;
        char *e;
        if (*rg == '-') {
          uint64_t n = strtoull(rg + 1, &e, 10);
          a = n < sz ? sz - n : 0;
        } else {
          a = strtoull(rg, &e, 10);
          if (*e == '-' && isdigit((unsigned char)e[1])) z = strtoull(e + 1, 0, 10);
        }
        if (z >= sz) z = sz - 1;
        part = 1;
      }
      uint64_t n = sz ? z - a + 1 : 0;
      sfmt(&x, "Content-Length: %lu\r\n", (unsigned long)n);
      if (part) sfmt(&x, "Content-Range: bytes %lu-%lu/%lu\r\n", (unsigned long)a, (unsigned long)z, (unsigned long)sz);
      r = reply(c, part ? 206 : 200, x.p, NULL, 0);
      static char zero[65536];
      while (!r && n) {
        size_t k = n > sizeof zero ? sizeof zero : n;
        r = rawwrite(c, zero, k);
        n -= k;
      }
    }
    free(x.p);
  }
out:
  free(bn);
  return r;
}

static void *serve(void *arg) {
  Conn C = {0}, *c = &C;
  c->fd = (int)(intptr_t)arg;
  c->buf = malloc(BUFSZ + 1);
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  atomic_fetch_add(&st[S_CONN], 1);
  int n = atomic_fetch_add(&cur_conn, 1) + 1;
  if (n > max_conn) max_conn = n;
  nap(ctx ? 2 * d_rtt : d_rtt);
  if (ctx) {
    c->ssl = SSL_new(ctx);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_accept(c->ssl) <= 0) goto end;
  }
  c->hdr = malloc(HDRMAX + 1);
  for (;;) {
    char *e;
    size_t scan = 0;
    while (!(e = c->have - c->pos > scan ? memmem(c->buf + c->pos, c->have - c->pos, "\r\n\r\n", 4) : NULL)) {
      if (c->have - c->pos > HDRMAX - 8) goto end;
      scan = 0;
      if (fill(c)) goto end;
    }
    size_t hn = e - (c->buf + c->pos) + 4;
    if (hn > HDRMAX) goto end;
    memcpy(c->hdr, c->buf + c->pos, hn);
    c->hdr[hn] = 0;
    c->pos += hn;
    char *h = c->hdr, *sp = strchr(h, ' ');
    if (!sp || sp - h > 7) goto end;
    memcpy(c->method, h, sp - h);
    c->method[sp - h] = 0;
    char *u = sp + 1, *ue = strchr(u, ' ');
    if (!ue) goto end;
    char *url = strndup(u, ue - u), *path = url;
    if (!strncmp(path, "http", 4)) { path = strchr(path + 8, '/'); }
    char *qq = path ? strchr(path, '?') : NULL;
    if (qq) *qq++ = 0;
    c->path = path ? path : "/";
    c->query = qq;
    c->clen = 0;
    c->chunked = c->awschunk = c->expect = c->close = c->sent100 = c->te_state = c->te_eof = 0;
    c->copysrc = NULL;
    Str m = {0};
    for (char *l = strstr(ue, "\r\n") + 2; *l && *l != '\r';) {
      char *le = strstr(l, "\r\n");
      size_t ln = le - l;
      char *v = memchr(l, ':', ln);
      if (!v) {
        l = le + 2;
        continue;
      }
      char *vv = v + 1;
      while (*vv == ' ') vv++;
      size_t kn = v - l, vn = le - vv;
#define IS(s) (kn == sizeof(s) - 1 && !strncasecmp(l, s, kn))
      if (IS("content-length"))
        c->clen = atoll(vv);
      else if (IS("transfer-encoding"))
        c->chunked = !strncasecmp(vv, "chunked", 7);
      else if (IS("x-amz-content-sha256")) {
        if (!strncmp(vv, "STREAMING", 9)) c->awschunk = 1;
      } else if (IS("expect"))
        c->expect = 1;
      else if (IS("connection")) {
        if (!strncasecmp(vv, "close", 5)) c->close = 1;
      } else if (IS("x-amz-copy-source"))
        c->copysrc = strndup(vv, vn);
      else if (IS("content-type") || IS("cache-control") || IS("x-amz-storage-class") ||
               (kn > 11 && !strncasecmp(l, "x-amz-meta-", 11)))
        sadd(&m, l, ln + 2);
      l = le + 2;
    }
    c->meta = m.p;
    c->left = c->chunked ? 0 : c->clen;
    int r = handle(c);
    /* drain what a handler left */
    while (!r && !(c->chunked ? c->te_eof : !c->left)) {
      if (!c->chunked && !c->left) break;
      char *x;
      if (send100(c)) {
        r = -1;
        break;
      }
      ssize_t k = bodyread(c, &x, BUFSZ);
      if (k < 0) r = -1;
      if (k <= 0) break;
    }
    free(c->copysrc);
    free(m.p);
    free(url);
    if (r || c->close) break;
  }
end:
  if (c->ssl) {
    SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
  }
  close(c->fd);
  free(c->buf);
  free(c->hdr);
  atomic_fetch_sub(&cur_conn, 1);
  return NULL;
}

int main(int ac, char **av) {
  if (ac < 2) {
    fprintf(stderr, "usage: nulls3 PORT [tls=CERT,KEY] [rtt=MICROSECONDS]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  for (int i = 2; i < ac; i++) {
    if (!strncmp(av[i], "tls=", 4)) {
      char *ce = strdup(av[i] + 4), *k = strchr(ce, ',');
      *k++ = 0;
      ctx = SSL_CTX_new(TLS_server_method());
      if (SSL_CTX_use_certificate_chain_file(ctx, ce) <= 0 || SSL_CTX_use_PrivateKey_file(ctx, k, SSL_FILETYPE_PEM) <= 0) {
        fprintf(stderr, "bad certificate\n");
        return 1;
      }
    } else if (!strncmp(av[i], "rtt=", 4))
      d_rtt = atol(av[i] + 4);
    else {
      fprintf(stderr, "unknown: %s\n", av[i]);
      return 2;
    }
  }
  int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(av[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(s, (void *)&a, sizeof a) || listen(s, 1024)) {
    perror("bind");
    return 1;
  }
  socklen_t al = sizeof a;
  getsockname(s, (void *)&a, &al);
  printf("%d\n", ntohs(a.sin_port));
  fflush(stdout);
  pthread_attr_t at;
  pthread_attr_init(&at);
  pthread_attr_setstacksize(&at, 256 * 1024);
  pthread_attr_setdetachstate(&at, PTHREAD_CREATE_DETACHED);
  for (;;) {
    int f = accept(s, 0, 0);
    if (f < 0) continue;
    pthread_t t;
    if (pthread_create(&t, &at, serve, (void *)(intptr_t)f)) close(f);
  }
}
