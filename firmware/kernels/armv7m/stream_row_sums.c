#include "stream_row_sums.h"

#define ROW(sum, from)                                                                                 \
    "ldrsb r12, [r1" from "\n"                                                                         \
    "mla " sum ", r12, r10, " sum "\n"
#define TERM "ldrsb r10, [r0], #1\n"
#define FOUR TERM ROW("r5", ", r2]") ROW("r6", ", r3]") ROW("r7", ", r8]") ROW("r4", "], #1")
#define TWO TERM ROW("r5", ", r3]") ROW("r4", "], #1")
#define ROW_FOUR FOUR FOUR FOUR FOUR
#define ROW_TWO TWO TWO TWO TWO
/* Halfwords have no sign. */
#define ROW_ORIGIN(sum) "add " sum ", " sum ", #32768\n"

__attribute__((naked)) void sbnn_stream_row_sums(ROW_ARGUMENTS) {
    __asm volatile(ROW_SUMS);
}
