// Allocations of device memory, and the check of accesses against them.
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "emu.h"

namespace emu {
namespace {
std::shared_mutex allocations_mu;
struct Allocation {
  u64 n;
  std::atomic<bool> written{false}; // by a kernel
};
std::map<uintptr_t, Allocation> allocations;
std::atomic<u64> generation{1};
} // namespace

void note_allocation(const void *p, u64 n) {
  std::unique_lock<std::shared_mutex> lock(allocations_mu);
  if (n) allocations[(uintptr_t)p].n = n;
  else allocations.erase((uintptr_t)p);
  generation++;
}

static bool find_allocation(uintptr_t a, u64 n, uintptr_t *lo, uintptr_t *hi, std::atomic<bool> **written) {
  std::shared_lock<std::shared_mutex> lock(allocations_mu);
  auto it = allocations.upper_bound(a);
  if (it == allocations.begin()) return false;
  --it;
  *lo = it->first;
  *hi = it->first + it->second.n;
  *written = &it->second.written;
  return a + n <= *hi;
}
bool allocated(const void *p, u64 n) {
  uintptr_t lo, hi;
  std::atomic<bool> *written;
  return find_allocation((uintptr_t)p, n, &lo, &hi, &written);
}

// A kernel that was launched to begin early runs beside those before it in the stream until it waits. What may be there then is what no
// kernel writes: allocations are one thing here. It may write nothing.
static void check_early(const void *p, const char *what, bool writes, std::atomic<bool> *written) {
  if (!self->waited && writes) fault(LaunchFailed, "%s at %p before it waits for the kernel before it", what, p);
  if (!self->waited && *written) fault(LaunchFailed, "%s at %p, which a kernel writes, before it waits for the kernel before it", what, p);
  if (writes && !*written) *written = true;
}

void check(const void *p, u64 n, u32 align, const char *what, bool writes) {
  static thread_local struct { uintptr_t lo, hi; std::atomic<bool> *written; } hit[8]; // allocations found last
  static thread_local u64 seen;
  static thread_local u32 next;
  uintptr_t a = (uintptr_t)p, lo, hi;
  std::atomic<bool> *written;
  if (a % align) fault(Misaligned, "%s of %llu bytes at %p is not aligned to %u", what, n, p, align);
  if (u64 now = generation.load(std::memory_order_relaxed); seen != now) {
    memset(hit, 0, sizeof hit);
    seen = now;
  }
  for (auto &h : hit)
    if (a >= h.lo && a + n <= h.hi) return check_early(p, what, writes, h.written);
  if (!find_allocation(a, n, &lo, &hi, &written)) {
    long long past = lo <= a && a < hi + (1 << 20) ? (long long)(a + n - hi) : -1;
    if (past > 0) fault(IllegalAddress, "%s of %llu bytes at %p ends %lld bytes behind an allocation of %llu", what, n, p, past, (u64)(hi - lo));
    fault(IllegalAddress, "%s of %llu bytes at %p is outside every allocation", what, n, p);
  }
  hit[next++ % 8] = {lo, hi, written};
  check_early(p, what, writes, written);
}
} // namespace emu
