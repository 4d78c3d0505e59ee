#include "registry.h"

#include <tuple>
#include <utility>

#include "pmpd.cu" // of kernels/cuda, or of EMU_KERNELS

namespace emu {
namespace {
template <class T> char kind() { return sizeof(T) == 8 ? 'p' : std::is_same_v<T, float> ? 'f' : 'u'; }

// Packs a kernel's parameters into bytes (a tuple), and calls the kernel with them.
template <auto F> struct Bind;
template <class... A, void (*F)(A...)> struct Bind<F> {
  using Values = std::tuple<A...>;
  template <size_t... I> static Values take(void **p, std::index_sequence<I...>) { (void)p; return Values{*(A *)p[I]...}; }
  static std::vector<u8> pack(void **p) {
    Values v = take(p, std::index_sequence_for<A...>{});
    return std::vector<u8>((const u8 *)&v, (const u8 *)&v + sizeof v);
  }
  static void call(const void *values) { std::apply(F, *(const Values *)values); }
  static Kernel make(const char *name) { return {name, std::string{kind<A>()...}, pack, call}; }
};
} // namespace

const Kernel *find_kernel(const std::string &name) {
#define K(name) Bind<name>::make(#name),
  static const Kernel table[] = {
#include "kernel_names.inc" // K(name) for each row of kernels/kernels.txt
  };
#undef K
  for (auto &k : table)
    if (name == k.name) return &k;
  return nullptr;
}
} // namespace emu
