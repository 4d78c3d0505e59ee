// Blocks, warps, fibers and shared memory of emu.h.
#include "access.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "fiber.h"

namespace emu {
thread_local Thread *self;

namespace {
constexpr size_t STACK = 128 << 10;
constexpr u32 STATIC_MAX = 48 << 10; // what a kernel may declare; a launch may ask for more
constexpr u32 BLOCK_MAX = 99 << 10;  // both together: of capability 8.6, the least of those from 8.0 on
constexpr u32 SHARED_MAX = STATIC_MAX + BLOCK_MAX; // what the launch asks for lies behind

struct Copy { u32 at, n, group; u8 data[16]; };

enum State { Ready, WarpWait, BlockWait, Done };
struct Fiber {
  Context ctx;
  State state;
  Thread t;
  std::vector<Copy> copies; // cp.async on their way
  u32 groups = 0;           // committed so far
  u32 next = 0;             // of its warp, in the order of this block
};
struct Warp {
  u32 live = 0, waiting = 0, parity = 0;
  u32 at_barrier = 0; // of those that wait
  u64 sync = 1;
  u32 words[2][32][WORDS];
};
struct Grid { // one launch
  const Launch *l;
  unsigned seed = 0;      // 0: threads and blocks run in their order
  std::vector<u32> order; // of blocks
  std::atomic<u32> next{0}, left{0};
  std::atomic<bool> dead{false};
  std::mutex mu;
  Fault fault;
};
struct Worker { // what an OS thread needs to run blocks
  std::vector<Fiber> f;
  std::vector<Warp> w;
  std::vector<Mark> marks = std::vector<Mark>(SHARED_MAX / 2);
  std::unique_ptr<vec4[]> shared{new vec4[SHARED_MAX / 16]};
  u32 live = 0, waiting = 0, cur = 0, shared_used = 0;
  u64 epoch = 1;
  Mark global; // the last stores to global memory (write) and releases (read)
  bool dead = false;
  Context sched;
  Grid *grid = nullptr;
  char *stacks = nullptr;
  size_t have = 0;
};
thread_local Worker *me;

void to_scheduler() {
  Fiber &f = me->f[me->cur];
  context_switch(&f.ctx, &me->sched);
}
void release_block() {
  if (!me->waiting || me->waiting != me->live) return;
  me->waiting = 0;
  me->epoch++;
  for (auto &f : me->f)
    if (f.state == BlockWait) f.state = Ready;
}
void release_warp(u32 wi) {
  Warp &w = me->w[wi];
  if (!w.waiting || w.waiting != w.live) return;
  w.waiting = 0;
  w.parity ^= 1;
  w.sync += w.at_barrier > 0;
  w.at_barrier = 0;
  for (u32 i = wi * 32; i < wi * 32 + 32 && i < me->f.size(); i++)
    if (me->f[i].state == WarpWait) me->f[i].state = Ready;
}
void entry() {
  const Launch *l = me->grid->l;
  l->body(l->arg);
  Fiber &f = me->f[me->cur];
  if (!f.copies.empty()) fault(LaunchFailed, "ends before its cp.async were waited for");
  if (!f.t.waited) fault(LaunchFailed, "ends without waiting for the kernel before it");
  f.state = Done;
  me->live--;
  me->w[f.t.warp].live--;
  release_warp(f.t.warp);
  release_block();
  to_scheduler();
  abort(); // no fiber switches to one that is done
}

void run_block(Worker &b, u32 index) {
  const Launch &l = *b.grid->l;
  u32 n = l.block.x * l.block.y * l.block.z;
  Dim cta{index % l.grid.x, index / l.grid.x % l.grid.y, index / l.grid.x / l.grid.y};
  b.live = n;
  b.waiting = 0;
  b.dead = false;
  b.epoch++;
  b.shared_used = l.dynamic ? STATIC_MAX + l.dynamic : 0;
  memset((void *)b.shared.get(), 0xff, STATIC_MAX + l.dynamic); // NaN, as binary16 and as binary32
  for (auto &w : b.w) w.live = w.waiting = w.parity = w.at_barrier = 0;
  std::vector<u32> order(n);
  for (u32 i = 0; i < n; i++) {
    Fiber &f = b.f[i];
    f.state = Ready;
    f.copies.clear();
    f.groups = 0;
    f.t = Thread{{i % l.block.x, i / l.block.x % l.block.y, i / l.block.x / l.block.y}, cta, l.grid, i % 32, i / 32, i, 0, !l.early};
    b.w[i / 32].live++;
    context_make(&f.ctx, b.stacks + (size_t)i * STACK, STACK, entry);
    order[i] = i;
  }
  if (unsigned seed = b.grid->seed) {
    std::minstd_rand rng(seed * 7919u + index + 1);
    for (u32 i = n; i > 1; i--) std::swap(order[i - 1], order[rng() % i]);
  }
  std::vector<u32> last(b.w.size(), ~0u), head(b.w.size());
  for (u32 i : order) { // a ring for each warp
    u32 w = i / 32;
    if (last[w] == ~0u) head[w] = i;
    else b.f[last[w]].next = i;
    b.f[last[w] = i].next = head[w];
  }
  while (b.live && !b.dead) {
    bool any = false;
    for (u32 i : order) {
      if (b.f[i].state != Ready) continue;
      any = true;
      b.cur = i;
      self = &b.f[i].t;
      context_switch(&b.sched, &b.f[i].ctx);
      if (b.dead) return;
    }
    if (any || !b.live) continue;
    for (u32 i = 0; i < n; i++)
      if (b.f[i].state != Done) { b.cur = i; self = &b.f[i].t; break; }
    u32 at_block = 0, at_warp = 0, done = 0;
    for (auto &f : b.f) at_block += f.state == BlockWait, at_warp += f.state == WarpWait, done += f.state == Done;
    std::lock_guard<std::mutex> lock(b.grid->mu);
    if (!b.grid->fault.code) {
      char text[256];
      snprintf(text, sizeof text, "%s, block (%u,%u,%u): deadlock: %u threads wait at a barrier of the block, %u at one of their warp, %u have ended",
               l.kernel, cta.x, cta.y, cta.z, at_block, at_warp, done);
      b.grid->fault = {Timeout, text};
    }
    b.grid->dead = true;
    return;
  }
}

void work(Grid &g) {
  static thread_local std::unique_ptr<Worker> mine;
  if (!mine) mine.reset(new Worker);
  Worker &b = *mine;
  const Launch &l = *g.l;
  u32 n = l.block.x * l.block.y * l.block.z;
  if (b.have < n) {
    if (b.stacks) munmap(b.stacks, b.have * STACK);
    b.stacks = (char *)mmap(nullptr, n * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b.stacks == (char *)MAP_FAILED) { perror("emu: stacks"); abort(); }
    b.have = n;
  }
  b.f.resize(n);
  b.w.resize((n + 31) / 32);
  b.grid = &g;
  me = &b;
  for (u32 i; !g.dead && (i = g.next++) < g.order.size();) run_block(b, g.order[i]);
  me = nullptr;
  self = nullptr;
}

// Threads that run blocks of a grid. Their number does not change results: blocks are independent.
struct Pool {
  std::mutex mu;
  std::condition_variable cv, done;
  Grid *grid = nullptr;
  u64 turn = 0;
  int busy = 0, size = 0;
  Pool() {
    const char *s = getenv("PMPD_EMU_THREADS");
    int n = s ? atoi(s) : (int)std::thread::hardware_concurrency();
    size = std::max(0, std::min(n, 16) - 1);
    sigset_t all, old; // signals are left to the threads of the host program
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 0; i < size; i++) std::thread([this] { loop(); }).detach();
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
  }
  void loop() {
    u64 seen = 0;
    for (std::unique_lock<std::mutex> lock(mu);;) {
      cv.wait(lock, [&] { return turn != seen; });
      seen = turn;
      Grid *g = grid;
      lock.unlock();
      work(*g);
      lock.lock();
      if (--busy == 0) done.notify_one();
    }
  }
  void run(Grid &g) {
    if (size == 0 || g.order.size() < 2 || follow_races) return work(g);
    {
      std::lock_guard<std::mutex> lock(mu);
      grid = &g;
      turn++;
      busy = size;
    }
    cv.notify_all();
    work(g);
    std::unique_lock<std::mutex> lock(mu);
    done.wait(lock, [&] { return busy == 0; });
  }
};
} // namespace

Fault run(const Launch &l) {
  static std::mutex one_at_a_time;
  static Pool *pool = new Pool; // never destroyed: its threads outlive main
  std::lock_guard<std::mutex> lock(one_at_a_time);
  races_begin();
  Grid g;
  g.l = &l;
  g.order.resize((size_t)l.grid.x * l.grid.y * l.grid.z);
  for (u32 i = 0; i < g.order.size(); i++) g.order[i] = i;
  if (const char *s = getenv("PMPD_EMU_SEED")) g.seed = (unsigned)atoi(s);
  if (g.seed) {
    std::minstd_rand rng(g.seed);
    for (size_t i = g.order.size(); i > 1; i--) std::swap(g.order[i - 1], g.order[rng() % i]);
  }
  pool->run(g);
  return g.fault;
}

void fault(int code, const char *format, ...) {
  const Thread &t = *self;
  char text[512];
  int n = snprintf(text, sizeof text, "%s, block (%u,%u,%u), thread (%u,%u,%u): ", me->grid->l->kernel, t.cta.x, t.cta.y, t.cta.z, t.tid.x, t.tid.y, t.tid.z);
  va_list args;
  va_start(args, format);
  vsnprintf(text + n, sizeof text - n, format, args);
  va_end(args);
  {
    std::lock_guard<std::mutex> lock(me->grid->mu);
    if (!me->grid->fault.code) me->grid->fault = {code, text};
  }
  me->grid->dead = true;
  me->dead = true;
  to_scheduler(); // the fiber is abandoned; kernels own nothing that must be freed
  abort();
}

void block_barrier() {
  Fiber &f = me->f[me->cur];
  f.state = BlockWait;
  me->waiting++;
  release_block();
  if (f.state != Ready) to_scheduler();
}

// Switches directly to the next lane that can run, which takes half the switches of going through the scheduler.
static void to_warp(Fiber &f) {
  for (u32 i = f.next; &me->f[i] != &f; i = me->f[i].next) {
    Fiber &o = me->f[i];
    if (o.state != Ready) continue;
    me->cur = i;
    self = &o.t;
    return context_switch(&f.ctx, &o.ctx);
  }
  to_scheduler();
}

// Waits for the other lanes of the warp, all of which must come.
static void to_all_lanes(Warp &w, Fiber &f, const char *does) {
  if (w.live < 32) fault(LaunchFailed, "%s its warp, of which %u lanes are gone", does, 32 - w.live);
  f.state = WarpWait;
  w.waiting++;
  release_warp(f.t.warp);
  if (f.state != Ready) to_warp(f);
}

const u32 (*exchange(const u32 *in, u32 n))[WORDS] {
  Fiber &f = me->f[me->cur];
  Warp &w = me->w[f.t.warp];
  u32 p = w.parity;
  if (w.at_barrier) fault(LaunchFailed, "exchanges values with its warp, of which %u lanes are at a barrier", w.at_barrier);
  memcpy(w.words[p][f.t.lane], in, n * 4);
  to_all_lanes(w, f, "exchanges values with");
  return w.words[p]; // valid until the exchange after the next: no lane gets there before all have read
}

void warp_barrier() {
  Fiber &f = me->f[me->cur];
  Warp &w = me->w[f.t.warp];
  if (w.waiting != w.at_barrier) fault(LaunchFailed, "is at a barrier of its warp, of which %u lanes exchange values", w.waiting - w.at_barrier);
  w.at_barrier++;
  to_all_lanes(w, f, "is at a barrier of");
}

u32 dynamic_at(u32 offset) { return STATIC_MAX + offset; }
u32 dynamic_bytes(u32 offset) {
  u32 all = me->grid->l->dynamic;
  return offset < all ? all - offset : 0;
}
u32 shared_declare(u64 bytes, u32 align) {
  u32 at = (self->shared_top + align - 1) / align * align;
  u32 most = STATIC_MAX < BLOCK_MAX - dynamic_bytes(0) ? STATIC_MAX : BLOCK_MAX - dynamic_bytes(0);
  if (at + bytes > most) fault(LaunchFailed, "declares %llu bytes of shared memory; at most %u are allowed", at + bytes, most);
  self->shared_top = at + (u32)bytes;
  me->shared_used = std::max(me->shared_used, self->shared_top);
  return at;
}

static void shared_bounds(u32 at, u32 n, u32 align, const char *what) {
  u32 hi = me->shared_used;
  if (at + n > hi) fault(IllegalAddress, "%s of %u bytes of shared memory at %u, of %u", what, n, at, hi);
  if (at % align) fault(Misaligned, "%s of %u bytes of shared memory at %u is not aligned to %u", what, n, at, align);
}
bool ordered(const Access &a) {
  const Thread &t = *self;
  return a.epoch != me->epoch || a.thread == t.index || (a.warp == t.warp && a.sync != me->w[t.warp].sync);
}
Access here() { return {me->epoch, me->w[self->warp].sync, self->index, self->warp}; }
Access with(const Access &last) {
  Access a = here();
  if (ordered(last)) return a;
  a.thread = MIXED;
  if (last.warp != a.warp) a.warp = MIXED;
  return a;
}
void note_store() {
  Mark &m = me->global;
  if (!ordered(m.read)) fault(LaunchFailed, "race: stores to global memory, with no barrier since a release of another thread of the block");
  m.write = with(m.write);
}
void note_release() {
  Mark &m = me->global;
  if (!ordered(m.write)) fault(LaunchFailed, "race: releases what another thread of the block has stored with no barrier between");
  m.read = here();
}
u8 *shared_read(u32 at, u32 n, u32 align) {
  shared_bounds(at, n, align, "read");
  for (u32 i = at / 2; i < (at + n + 1) / 2; i++) {
    Mark &m = me->marks[i];
    if (!ordered(m.write))
      fault(LaunchFailed, "race: reads shared memory at %u that thread %u has written with no barrier between", at, m.write.thread);
    m.read = with(m.read);
  }
  return (u8 *)me->shared.get() + at;
}
u8 *shared_write(u32 at, u32 n, u32 align) {
  shared_bounds(at, n, align, "write");
  for (u32 i = at / 2; i < (at + n + 1) / 2; i++) {
    Mark &m = me->marks[i];
    if (!ordered(m.write))
      fault(LaunchFailed, "race: writes shared memory at %u that thread %u has written with no barrier between", at, m.write.thread);
    if (!ordered(m.read)) fault(LaunchFailed, "race: writes shared memory at %u that another thread reads with no barrier between", at);
    m.write = here();
  }
  return (u8 *)me->shared.get() + at;
}

// The copy may complete at any time from now on: the old contents are lost, and the new ones are valid only after the wait.
void copy_async(u32 at, const void *from, u32 n) {
  check(from, n, n, "cp.async");
  if (follow_races) follow_read(from, n, false);
  Fiber &f = me->f[me->cur];
  Copy c{at, n, f.groups, {}};
  memcpy(c.data, from, n);
  memset(shared_write(at, n, n), 0xff, n);
  f.copies.push_back(c);
}
void copy_commit() { me->f[me->cur].groups++; }
void copy_wait(u32 left) {
  Fiber &f = me->f[me->cur];
  auto landed = [&](const Copy &c) { return c.group + left < f.groups; };
  for (auto &c : f.copies)
    if (landed(c)) memcpy(shared_write(c.at, c.n, 1), c.data, c.n);
  f.copies.erase(std::remove_if(f.copies.begin(), f.copies.end(), landed), f.copies.end());
}
} // namespace emu
