// Races in global memory: two threads, one of which writes, with nothing that orders them. Marks of every two bytes, so that they are
// found in every order of threads and blocks. On with PMPD_EMU_RACES=1; blocks then run one after another.
//
// Within a block barriers order accesses. Blocks are ordered by releases and acquires alone: a block that has acquired what another one
// released comes after all that the other one did before. Launches come one after another, but for what a launch does before it
// waits for the one before it.
#include <memory>
#include <unordered_map>
#include <vector>

#include <stdlib.h>

#include "access.h"

namespace emu {
bool follow_races;

namespace {
// An access of a thread of a block in a launch. releases: how many the block had made before.
struct Global {
  Access access;
  u64 launch = 0;
  u32 block = 0, releases = 0;
};
struct Cell { Global write, read; };
constexpr uintptr_t PAGE = 1024; // cells
typedef Cell Page[PAGE];
std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages;
u64 launch; // the one that runs

// What blocks know of each other in this launch.
struct Order {
  std::unordered_map<u32, u32> releases;                             // of a block
  std::unordered_map<u32, std::unordered_map<u32, u32>> acquired;    // by a block: releases of others
  std::unordered_map<const void *, std::unordered_map<u32, u32>> at; // left at an address: releases of blocks
} order;
const void *early; // accessed before the launch waited for what the one before it wrote
u32 early_block;

u32 block() { const Dim &c = self->cta, &n = self->ncta; return c.x + n.x * (c.y + n.y * c.z); }
u32 count(const std::unordered_map<u32, u32> &m, u32 key) {
  auto it = m.find(key);
  return it == m.end() ? 0 : it->second;
}
bool before(const Global &g) {
  if (g.launch != launch) return true;
  if (g.block == block()) return ordered(g.access);
  auto known = order.acquired.find(block());
  if (known == order.acquired.end()) return false;
  const Dim &n = self->ncta;
  if (g.block == MIXED) return known->second.size() == (u64)n.x * n.y * n.z; // the last block of all: what others read is behind it
  return count(known->second, g.block) > g.releases;
}
Global now() { return {here(), launch, block(), count(order.releases, block())}; }
Global read_with(const Global &last) {
  Global g = now();
  if (before(last)) return g;
  if (last.block != g.block) g.block = MIXED;
  g.access = with(last.access);
  return g;
}
Cell &cell(uintptr_t i) {
  static uintptr_t last = ~(uintptr_t)0;
  static Page *page;
  if (i / PAGE != last) {
    auto &p = pages[last = i / PAGE];
    if (!p) p.reset(new Page[1]);
    page = p.get();
  }
  return (*page)[i % PAGE];
}
template <class F> void each(const void *p, u64 n, F f) {
  for (uintptr_t i = (uintptr_t)p / 2; i < ((uintptr_t)p + n + 1) / 2; i++) f(cell(i));
}
void note_early(const Global &g, const void *p) {
  if (g.launch && g.launch + 1 == launch) early = p, early_block = block();
}
[[noreturn]] void race(const char *what, const Global &g, const void *p) {
  if (g.block == MIXED) fault(LaunchFailed, "race: %s at %p in global memory, of several blocks, with nothing that orders them", what, p);
  if (g.block != block()) fault(LaunchFailed, "race: %s at %p in global memory, of block %u, with nothing that orders the blocks", what, p, g.block);
  fault(LaunchFailed, "race: %s at %p in global memory, of thread %u, with no barrier between", what, p, g.access.thread);
}
} // namespace

void races_begin() {
  const char *s = getenv("PMPD_EMU_RACES");
  follow_races = s && *s && *s != '0';
  launch++;
  if (!follow_races) return;
  order = Order();
  early = nullptr;
  if (pages.size() > (64 << 20) / sizeof(Page)) pages.clear(); // of launches before: what they left is no race
}
void follow_read(const void *p, u64 n, bool constant) {
  each(p, n, [&](Cell &c) {
    if (constant && c.write.launch == launch) fault(LaunchFailed, "race: reads at %p as constant what this launch has written", p);
    if (!before(c.write)) race("reads what is written", c.write, p);
    note_early(c.write, p);
    c.read = read_with(c.read);
  });
}
void follow_write(const void *p, u64 n) {
  each(p, n, [&](Cell &c) {
    if (!before(c.write)) race("writes what is written", c.write, p);
    if (!before(c.read)) race("writes what is read", c.read, p);
    note_early(c.write, p);
    note_early(c.read, p);
    c.write = now();
  });
}
void follow_release_acquire(const void *p) {
  u32 b = block();
  auto &left = order.at[p], &known = order.acquired[b];
  for (auto &[other, releases] : left) known[other] = releases > known[other] ? releases : known[other];
  known[b] = ++order.releases[b];
  for (auto &[other, releases] : known) left[other] = releases > left[other] ? releases : left[other];
}
void follow_wait() {
  if (early && early_block == block()) fault(LaunchFailed, "race: accesses %p before it waits for the launch before, which wrote or read it", early);
}
} // namespace emu
