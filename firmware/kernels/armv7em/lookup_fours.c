#include "lookup_fours.h"

#define EVEN(word)                                                                                     \
    "ldrd " word ", r9, [r1]\n"                                                                        \
    "add r1, r1, r2\n"                                                                                 \
    "sub " word ", " word ", r9, lsl #4\n"

/* Rows two apart, as many as there are. */
#define ROWS(done)                                                                                     \
    FOURS_ROW("uxtab", "0")                                                                            \
    "bpl " done "\n" FOURS_DOWN(FOURS_TWO)                                                             \
        FOURS_ROW("uxtab", "8") "bne " done "\n" FOURS_DOWN(FOURS_TWO)                                 \
            FOURS_ROW("uxtab", "16") "bcc " done "\n" FOURS_DOWN(FOURS_TWO) FOURS_ROW("uxtab", "24")

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
