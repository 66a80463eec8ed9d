#include "dense.h"

/* Output j of eight: its sum in s(j), its scale in s(j + 8). */
#define LOAD(sum, place) "vldr " sum ", [r0, #24 * " place "]\n"
#define PRODUCT(sum, scale)                                                                            \
    "vcvt.f32.s32 " sum ", " sum "\n"                                                                  \
    "vmul.f32 " sum ", " sum ", " scale "\n"
/* A register of two biases becomes two floats, the second one first: it is overwritten by the other. */
#define BIASES(pair, even, odd)                                                                        \
    "vcvtt.f32.f16 s20, " pair "\n"                                                                    \
    "vcvtb.f32.f16 " pair ", " pair "\n"                                                               \
    "vadd.f32 " odd ", " odd ", s20\n"                                                                 \
    "vadd.f32 " even ", " even ", " pair "\n"

/*   r0    address of the sums
 *   r1    address of the scales
 *   r2    address of the biases
 *   r3    outputs left
 *   r12   address of y */
__attribute__((naked)) void sbnn_dense_scale(__attribute__((unused)) const int32_t *sums,
                                             __attribute__((unused)) const float *scale,
                                             __attribute__((unused)) const uint16_t *bias,
                                             __attribute__((unused)) uint32_t n,
                                             __attribute__((unused)) float *y) {
    __asm volatile("ldr r12, [sp]\n"
                   "vpush {s16-s20}\n"
                   "1:\n" /**/
                   LOAD("s0", "0") LOAD("s1", "1") LOAD("s2", "2") LOAD("s3", "3") LOAD("s4", "4")
                       LOAD("s5", "5") LOAD("s6", "6") LOAD("s7", "7") "vldmia r1!, {s8-s15}\n"
                                                                       "vldmia r2!, {s16-s19}\n" /**/
                   PRODUCT("s0", "s8") PRODUCT("s1", "s9") PRODUCT("s2", "s10") PRODUCT("s3", "s11")
                       PRODUCT("s4", "s12") PRODUCT("s5", "s13") PRODUCT("s6", "s14")
                           PRODUCT("s7", "s15") /**/
                   BIASES("s16", "s0", "s1") BIASES("s17", "s2", "s3") BIASES("s18", "s4", "s5")
                       BIASES("s19", "s6", "s7") "vstmia r12!, {s0-s7}\n"
                                                 "add r0, r0, #192\n"
                                                 "subs r3, r3, #8\n"
                                                 "bne.w 1b\n"
                                                 "vpop {s16-s20}\n"
                                                 "bx lr\n");
}
