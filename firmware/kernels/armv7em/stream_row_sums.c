#include "stream_row_sums.h"

/* SMLAD adds the products of two terms; SXTB16 takes bytes 0 and 2 of a word, or 1 and 3. */
#define ROW(sum, from)                                                                                 \
    "ldr r12, [r1" from "\n"                                                                           \
    "sxtb16 lr, r12\n"                                                                                 \
    "sxtb16 r12, r12, ror #8\n"                                                                        \
    "smlad " sum ", lr, r10, " sum "\n"                                                                \
    "smlad " sum ", r12, r11, " sum "\n"
#define TERMS                                                                                          \
    "ldr r12, [r0], #4\n"                                                                              \
    "sxtb16 r10, r12\n"                                                                                \
    "sxtb16 r11, r12, ror #8\n"
#define ROW_FOUR TERMS ROW("r5", ", r2]") ROW("r6", ", r3]") ROW("r7", ", r8]") ROW("r4", "], #4")
#define ROW_TWO TERMS ROW("r5", ", r3]") ROW("r4", "], #4")
#define ROW_ORIGIN(sum) ""

__attribute__((naked)) void sbnn_stream_row_sums(ROW_ARGUMENTS) {
    __asm volatile(ROW_SUMS);
}
