#include "registry.h"

#include <tuple>
#include <utility>

#include "../kernels/cuda/pmpd.cu"

namespace emu {
namespace {
template <class T> char kind() { return sizeof(T) == 8 ? 'p' : std::is_same_v<T, float> ? 'f' : 'u'; }

// Values of a kernel's parameters one after the other, as a tuple holds them.
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
#define K(f) Bind<f>::make(#f)
  static const Kernel table[] = {
      K(embed), K(norm), K(rope_append), K(silu_mul), K(gelu),
      K(attn_g1), K(attn_g2), K(attn_g3), K(attn_g4), K(attn_g5), K(attn_g6), K(attn_g7), K(attn_g8), K(attn_merge), K(attn_prefill),
      K(gemv_f16), K(gemv_ap2), K(gemv_ap3), K(gemv_ap4), K(gemv_ap5), K(gemv_ap6), K(gemv_ap7), K(gemv_ap8),
      K(gemm_f16), K(gemm_f16_small), K(dequant), K(choose), K(copy), K(empty),
  };
#undef K
  for (auto &k : table)
    if (name == k.name) return &k;
  return nullptr;
}
} // namespace emu
