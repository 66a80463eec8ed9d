#include "lookup_fours.h"

/* The counts of rows 0 2 4 6: word 0 of the pair of sums minus 16 * word 1. */
#define EVEN(word)                                                                                     \
    "ldrd " word ", r9, [r1]\n"                                                                        \
    "add r1, r1, r2\n"                                                                                 \
    "sub " word ", " word ", r9, lsl #4\n"

/* The rows of one word, which are two apart, as far as they exist. N, Z and C say whether a second,
 * third and fourth one does. */
#define ROWS(done)                                                                                     \
    FOURS_ROW("uxtab", "0")                                                                            \
    "bpl " done "\n" FOURS_DOWN(FOURS_TWO)                                                             \
        FOURS_ROW("uxtab", "8") "bne " done "\n" FOURS_DOWN(FOURS_TWO)                                 \
            FOURS_ROW("uxtab", "16") "bcc " done "\n" FOURS_DOWN(FOURS_TWO) FOURS_ROW("uxtab", "24")

/* Per four outputs: rows 0 2 4 6 from EVEN, then rows 1 3 5 7, which are the bytes of word 1. If there
 * is only one row, V is 0 and the odd rows are skipped. */
__attribute__((naked)) void sbnn_lookup_fours(__attribute__((unused)) lookup_fours *fours) {
    __asm volatile(FOURS_ENTER                                     /**/
                   "1:\n"                                          /**/
                   FOURS_SCALES                                    /**/
                       EVEN("r4") EVEN("r5") EVEN("r6") EVEN("r7") /**/
                   FOURS_BACK FOURS_ROWS("44") ROWS("2f")          /**/
                   "2:\n"                                          /**/
                   FOURS_WORDS("4") FOURS_ROWS("48")               /**/
                   "bvc 3f\n"                                      /**/
                   FOURS_DOWN(FOURS_ONE) ROWS("3f")                /**/
                   "3:\n"                                          /**/
                   FOURS_NEXT);
}
