#include "attend.h"

/* An odd number of words of K ends with a single one. */
uint32_t *sbnn_attend_count(uint32_t rows, uint32_t n, uint32_t k, const uint32_t *x, const uint32_t *w,
                            uint32_t *workspace) {
    const uint32_t words = (k + 31u) / 32u;
    uint32_t *const counts = workspace + 2u * ATTEND_TABLE;
    for (uint32_t word = 0; word < words; word += 2u) {
        sbnn_attend_tables(x + word, words, rows, workspace);
        if (words == 1u) {
            sbnn_attend_one(workspace, w, n, counts);
        } else if (word + 1u == words) {
            sbnn_attend_one_more(workspace, w + word, words, n, counts);
        } else {
            sbnn_attend_tables(x + word + 1u, words, rows, workspace + ATTEND_TABLE);
            if (word == 0u) {
                sbnn_attend_two(workspace, w, words, n, counts);
            } else {
                sbnn_attend_two_more(workspace, w + word, words, n, counts);
            }
        }
    }
    return counts;
}
