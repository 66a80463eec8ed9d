#include "lookup_fours.h"

/* The two rows of one word, which are four apart, as far as they exist (V, then N). `down` goes from
 * row 0 to the first of them. */
#define ROWS(down, done)                                                                               \
    "bvc " done "\n" down FOURS_ROW("uxtah", "0") "bpl " done "\n" FOURS_DOWN(FOURS_FOUR)              \
        FOURS_ROW("uxtah", "16")

/* Per four outputs, the four words of wide counts: rows 0 and 4, 2 and 6, 1 and 5, 3 and 7. */
__attribute__((naked)) void sbnn_lookup_fours_wide(__attribute__((unused)) lookup_fours *fours) {
    __asm volatile(FOURS_ENTER                                                     /**/
                   "1:\n"                                                          /**/
                   FOURS_SCALES                                                    /**/
                       FOURS_WORDS("0") FOURS_BACK FOURS_ROWS("44") ROWS("", "2f") /**/
                   "2:\n"                                                          /**/
                   FOURS_WORDS("4") FOURS_BACK FOURS_ROWS("48")                    /**/
                   ROWS(FOURS_DOWN(FOURS_TWO), "3f")                               /**/
                   "3:\n"                                                          /**/
                   FOURS_WORDS("8") FOURS_BACK FOURS_ROWS("52")                    /**/
                   ROWS(FOURS_DOWN(FOURS_ONE), "4f")                               /**/
                   "4:\n"                                                          /**/
                   FOURS_WORDS("12") FOURS_ROWS("56")                              /**/
                   ROWS(FOURS_DOWN(FOURS_ONE) FOURS_DOWN(FOURS_TWO), "5f")         /**/
                   "5:\n"                                                          /**/
                   FOURS_NEXT);
}
