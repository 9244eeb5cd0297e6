/* The bound: the replay's rules in C, for one pool without floors, ceilings or steps.

   Gangs come by submission. Envelopes borrow without a limit, owners reclaim, the first gang that
   waits has a reservation, and backfill looks at all that wait. What it gives must equal the
   replay's own starts and ends; it is here to say how fast a compiled loop can be at all. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int64_t big;
#define ENVELOPES 16
#define NEVER ((big)1 << 60)

typedef struct {
    big submitted, seconds, limit, gpus, envelope, started, ended, stops, left, began, paid;
    big place, older, newer, limit_end;
} Gang;
typedef struct { big when, gang; } Moment;
typedef struct { big quota, used, first, last, newest, tried, trial, cursor; } Envelope;

static Gang *gangs;
static Envelope envelopes[ENVELOPES];
static Moment *ends, *limits;
static big *who, *asks, *needs, *chosen;
static big count, kinds, idle, now, running, starts, waiting, checkpoint, restart;

static big first_limit(big when) {
    big low = 0, high = running;
    while (low < high) {
        big middle = (low + high) >> 1;
        if (limits[middle].when > when) low = middle + 1; else high = middle;
    }
    return low;
}

static big risen(big place, big when) {
    while (place > 0 && ends[(place - 1) >> 1].when > when) {
        ends[place] = ends[(place - 1) >> 1];
        place = (place - 1) >> 1;
    }
    return place;
}

static void take_end(big place) {
    Moment last = ends[running];
    place = risen(place, last.when);
    for (;;) {
        big below = 2 * place + 1;
        if (below + 1 < running && ends[below + 1].when < ends[below].when) below++;
        if (below >= running || ends[below].when >= last.when) break;
        ends[place] = ends[below];
        place = below;
    }
    ends[place] = last;
}

static void enqueue(big gang, big place) {
    Gang *g = &gangs[gang];
    who[place] = gang;
    asks[place] = g->gpus;
    needs[place] = g->limit - g->seconds + g->left + (g->stops ? restart : 0);
    waiting += g->gpus;
}

static void start(big place, big k) {
    Envelope *e = &envelopes[k];
    Gang *g = &gangs[who[place]];
    big gang = who[place], moved = place - e->first, end;
    memmove(&who[e->first + 1], &who[e->first], moved * sizeof(big));
    memmove(&asks[e->first + 1], &asks[e->first], moved * sizeof(big));
    memmove(&needs[e->first + 1], &needs[e->first], moved * sizeof(big));
    e->first++;
    waiting -= g->gpus;
    e->used += g->gpus;
    idle -= g->gpus;
    g->paid = g->stops ? restart : 0;
    g->began = now;
    if (g->started < 0) g->started = now;
    g->limit_end = now + g->paid + g->limit - g->seconds + g->left;
    g->place = starts++;
    g->older = e->newest;
    g->newer = -1;
    if (e->newest >= 0) gangs[e->newest].newer = gang;
    e->newest = gang;
    end = now + g->paid + g->left;
    ends[risen(running, end)] = (Moment){end, gang};
    place = first_limit(g->limit_end);
    memmove(&limits[place + 1], &limits[place], (running - place) * sizeof(Moment));
    limits[place] = (Moment){g->limit_end, gang};
    running++;
}

static void leave(big gang, big heap) {
    Gang *g = &gangs[gang];
    Envelope *e = &envelopes[g->envelope];
    big place = first_limit(g->limit_end);
    e->used -= g->gpus;
    idle += g->gpus;
    if (g->older >= 0) gangs[g->older].newer = g->newer;
    if (g->newer >= 0) gangs[g->newer].older = g->older; else e->newest = g->older;
    while (limits[place].gang != gang) place++;
    running--;
    memmove(&limits[place], &limits[place + 1], (running - place) * sizeof(Moment));
    take_end(heap);
}

static void stop(big gang) {
    Gang *g = &gangs[gang];
    big heap = 0, before, done, kept;
    while (ends[heap].gang != gang) heap++;
    leave(gang, heap);
    before = g->seconds - g->left;
    done = now - g->began - g->paid;
    done = before + (done > 0 ? done : 0);
    kept = checkpoint ? done / checkpoint * checkpoint : before;
    if (kept < before) kept = before;
    g->left = g->seconds - kept;
    g->stops++;
    enqueue(gang, --envelopes[g->envelope].first);
}

static int reclaim(big k, big wanted) {
    big free = idle, picked = 0;
    for (big i = 0; i < kinds; i++) {
        envelopes[i].trial = envelopes[i].used;
        envelopes[i].cursor = envelopes[i].newest;
    }
    while (wanted > free) {
        big gang = -1;
        for (big i = 0; i < kinds; i++) {
            Envelope *e = &envelopes[i];
            if (i == k || e->cursor < 0 || e->trial <= e->quota) continue;
            if (gang < 0 || gangs[e->cursor].place > gangs[gang].place) gang = e->cursor;
        }
        if (gang < 0) return 0;
        free += gangs[gang].gpus;
        envelopes[gangs[gang].envelope].trial -= gangs[gang].gpus;
        envelopes[gangs[gang].envelope].cursor = gangs[gang].older;
        chosen[picked++] = gang;
    }
    for (big i = 0; i < picked; i++) stop(chosen[i]);
    return 1;
}

static big next_envelope(int within) {
    big found = -1;
    for (big k = 0; k < kinds; k++) {
        Envelope *e = &envelopes[k];
        if (e->tried || e->first == e->last) continue;
        if (within >= 0 && (e->used + asks[e->first] <= e->quota) != within) continue;
        if (found < 0 || e->used * envelopes[found].quota < envelopes[found].used * e->quota)
            found = k;
    }
    if (found >= 0) envelopes[found].tried = 1;
    return found;
}

static void untried(void) {
    for (big k = 0; k < kinds; k++) envelopes[k].tried = 0;
}

static big start_heads(void) {
    for (;;) {
        big held = -1, started = 0;
        for (int within = 1; within >= 0 && !started; within--) {
            big k;
            untried();
            while (!started && (k = next_envelope(within)) >= 0) {
                big place = envelopes[k].first, wanted = asks[place];
                int may = within || held < 0;
                if (may && (wanted <= idle || (within && reclaim(k, wanted)))) {
                    start(place, k);
                    started = 1;
                } else if (held < 0) held = who[place];
            }
        }
        if (!started) return held;
    }
}

static void backfill(big held) {
    big at = NEVER, spare = NEVER, mine = -1, k;
    if (held >= 0) {
        big free = idle;
        mine = gangs[held].envelope;
        for (big i = running - 1; i >= 0; i--) {
            free += gangs[limits[i].gang].gpus;
            if (i > 0 && limits[i - 1].when == limits[i].when) continue;
            if (free >= gangs[held].gpus) {
                at = limits[i].when;
                spare = free - gangs[held].gpus;
                break;
            }
        }
    }
    untried();
    while (idle > 0 && (k = next_envelope(-1)) >= 0) {
        Envelope *e = &envelopes[k];
        for (big i = e->first + (k == mine); i < e->last && idle > 0; i++) {
            big wanted = asks[i];
            int late = now + needs[i] > at;
            if (wanted > idle || (late && wanted > spare)) continue;
            if (late) spare -= wanted;
            start(i, k);
        }
    }
}

/* Rows are submitted, seconds, limit, gpus, envelope; started and ended are written. */
int bound(big n, const big *rows, big envelope_count, const big *quota, big gpus, big every,
          big again, big *started, big *ended) {
    big arrived = 0, first = 0;
    count = n; kinds = envelope_count; idle = gpus; running = starts = waiting = 0;
    checkpoint = every; restart = again;
    gangs = calloc(n, sizeof(Gang));
    ends = calloc(n + 1, sizeof(Moment));
    limits = calloc(n + 1, sizeof(Moment));
    who = calloc(4 * n, sizeof(big));
    if (!gangs || !ends || !limits || !who) return 1;
    asks = who + n; needs = asks + n; chosen = needs + n;
    memset(envelopes, 0, sizeof envelopes);
    for (big j = 0; j < n; j++) {
        const big *r = rows + 5 * j;
        gangs[j] = (Gang){r[0], r[1], r[2], r[3], r[4], -1, -1, 0, r[1]};
        envelopes[r[4]].last++;
    }
    for (big k = 0; k < kinds; k++) {
        big mine = envelopes[k].last;
        envelopes[k] = (Envelope){quota[k], 0, first, first, -1};
        first += mine;
    }
    while (arrived < n || running > 0) {
        now = running > 0 ? ends[0].when : NEVER;
        if (arrived < n && gangs[arrived].submitted < now) now = gangs[arrived].submitted;
        while (running > 0 && ends[0].when <= now) {
            big gang = ends[0].gang;
            leave(gang, 0);
            gangs[gang].ended = now;
        }
        for (; arrived < n && gangs[arrived].submitted <= now; arrived++)
            enqueue(arrived, envelopes[gangs[arrived].envelope].last++);
        big held = start_heads();
        if (idle > 0 && waiting > 0) backfill(held);
    }
    for (big j = 0; j < n; j++) { started[j] = gangs[j].started; ended[j] = gangs[j].ended; }
    free(gangs); free(ends); free(limits); free(who);
    return 0;
}
