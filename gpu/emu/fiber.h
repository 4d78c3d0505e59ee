// A switch of stacks, x86-64 System V or anything with ucontext. For emu.cpp alone: it holds code.
#pragma once
#include <stddef.h>
#if defined(__x86_64__) && !defined(EMU_UCONTEXT)
// Saves what a call must preserve on the old stack, its pointer to *save, and goes on where the other stack left off.
extern "C" void emu_switch(void **save, void *load);
asm(R"(
.text
.globl emu_switch
.hidden emu_switch
.type emu_switch,@function
emu_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
.size emu_switch,.-emu_switch
)");
namespace emu {
struct Context { void *sp; };
inline void context_make(Context *c, char *stack, size_t size, void (*entry)()) {
  void **sp = (void **)(stack + size);
  *--sp = 0; // keeps the stack aligned as after a call
  *--sp = (void *)entry;
  for (int i = 0; i < 6; i++) *--sp = 0;
  c->sp = sp;
}
inline void context_switch(Context *from, Context *to) { emu_switch(&from->sp, to->sp); }
} // namespace emu
#else
#include <ucontext.h>
namespace emu {
struct Context { ucontext_t u; };
inline void context_make(Context *c, char *stack, size_t size, void (*entry)()) {
  getcontext(&c->u);
  c->u.uc_stack.ss_sp = stack;
  c->u.uc_stack.ss_size = size;
  c->u.uc_link = nullptr;
  makecontext(&c->u, entry, 0);
}
inline void context_switch(Context *from, Context *to) { swapcontext(&from->u, &to->u); }
} // namespace emu
#endif
