// The emulator of a GPU for kernels that are compiled for the host. Every CUDA thread of a block is a fiber. It runs until it
// needs another thread (a shuffle, a matrix instruction, a barrier), so lane exchange and barriers work as on the device.
// Binary16 arithmetic rounds once, to nearest even, like the device's .rn instructions: kernels that use nothing else agree
// with a GPU bit for bit.
//
// Mistakes that may go unnoticed on a GPU are faults here: access outside every allocation, misaligned vectors, barriers that
// not all threads reach, two threads on one word of shared memory without a barrier between them, reading the target of a
// cp.async before waiting for it; with PMPD_EMU_RACES=1 two threads on one word of global memory, too.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <string>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
struct alignas(16) vec4 { u32 x, y, z, w; };
struct alignas(8) vec2 { u32 x, y; };

namespace emu {
// The driver's codes for faults of a kernel.
enum Code { Ok = 0, IllegalAddress = 700, Timeout = 702, Misaligned = 716, LaunchFailed = 719 };

struct Dim { u32 x = 1, y = 1, z = 1; };
struct Thread { // what one fiber sees
  Dim tid, cta, ncta;
  u32 lane = 0, warp = 0, index = 0;
  u32 shared_top = 0; // bytes of shared memory that its declarations have taken so far
  bool waited = true; // for the kernel before, if this one may begin before that ends
};
extern thread_local Thread *self;

struct Fault { int code = Ok; std::string text; };
struct Launch { const char *kernel; Dim grid, block; void (*body)(void *); void *arg; u32 dynamic = 0; bool early = false; };
// dynamic: bytes of shared memory that the launch asks for; early: it may begin before the kernel before it ends

// Runs a grid: blocks on a few OS threads, in an order that PMPD_EMU_SEED shuffles, as it does the threads of a block.
Fault run(const Launch &);
[[noreturn]] void fault(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Allocations, against which accesses are checked. n = 0 removes one.
void note_allocation(const void *, u64 n);
bool allocated(const void *, u64 n);
void check(const void *, u64 n, u32 align, const char *what, bool writes = false);

// Global memory: accesses are followed only where that is asked for, which takes long. constant: a load that may be of a cache which
// writes of the same launch do not reach.
extern bool follow_races;
void races_begin(); // of a launch
void follow_read(const void *, u64 n, bool constant);
void follow_write(const void *, u64 n);
void follow_release_acquire(const void *);
void follow_wait(); // for the launch before

void block_barrier();
void warp_barrier();
// Stores to global memory, and releases, which make a block's stores seen by other blocks: a barrier must stand between a thread's
// release and what another thread of the block stores, in every order of threads.
void note_store();
void note_release();
constexpr u32 WORDS = 12; // most words of a lane in an exchange
// All live lanes of the warp contribute `in` (n words); returns the words of all lanes.
const u32 (*exchange(const u32 *in, u32 n))[WORDS];

// Shared memory: an arena per block. Every access is marked, so that races are found in every order of threads.
u32 dynamic_at(u32 offset); // in what the launch asks for: where it lies, and how much there is
u32 dynamic_bytes(u32 offset);
u32 shared_declare(u64 bytes, u32 align); // every thread declares the same arrays in the same order
u8 *shared_read(u32 at, u32 n, u32 align);
u8 *shared_write(u32 at, u32 n, u32 align);
void copy_async(u32 at, const void *from, u32 n);
void copy_commit();
void copy_wait(u32 groups_left);
} // namespace emu
