/* What a Cortex-M does before and after main: data, zeros, the floating point unit, and the way out. */
#include <stdint.h>

#include "startup.h"

extern uint32_t data_source[], data_begin[], data_end[], bss_begin[], bss_end[], stack_top[];

int main(void);

void reset(void) {
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: the unit is off after a reset */
    __asm volatile("dsb\n isb" ::: "memory");
#endif
#if defined(__ARM_ARCH_6M__)
    /* CCR.UNALIGN_TRP: always on in a Cortex-M0; an emulated Cortex-M3 in its place has to be told. */
    *(volatile uint32_t *)0xE000ED14u |= 1u << 3;
#endif
    for (volatile uint32_t *to = data_begin, *from = data_source; to < data_end;) {
        *to++ = *from++;
    }
    for (volatile uint32_t *to = bss_begin; to < bss_end;) {
        *to++ = 0;
    }
    ended(main());
}

static void fault(void) {
    ended(FAULTED);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (const void *)reset, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, (const void *)fault, 0,
    0, 0, 0, (const void *)fault,
    (const void *)fault, 0, (const void *)fault, (const void *)fault,
};
