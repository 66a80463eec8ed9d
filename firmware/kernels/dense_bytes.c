#include "dense.h"
#include "linear_dense.h"

#include <string.h>

/* Bytes 0 and 2 of a word as halfwords; those of the word shifted by 8 bits are bytes 1 and 3. */
static uint32_t halves(uint32_t word) {
    return word & 0x00FF00FFu;
}

/* Write a patch as sbnn_dense_sums reads one of its rows; `line` is the bytes between its lines. */
static void widen(const uint8_t *patch, uint32_t colours, uint32_t height, uint32_t width,
                  uint32_t colour, uint32_t line, uint32_t *to) {
    for (uint32_t c = 0; c < colours; c++) {
        const uint8_t *from = patch + c * colour;
        for (uint32_t i = 0; i < height; i++) {
            for (uint32_t s = 0; s < width; s += 4u) {
                uint32_t word;
                memcpy(&word, from + s, sizeof word);
                to[0] = halves(word);
                to[1] = halves(word >> 8);
                to += 2u * DENSE_ROWS;
            }
            from += line;
        }
    }
}

void sbnn_dense_bytes(uint32_t colours, uint32_t down, uint32_t height, uint32_t across, uint32_t width,
                      uint32_t n, uint32_t biases, const uint8_t *x, const int8_t *w,
                      const float *scale, const uint16_t *bias, void *workspace, float *y) {
    const uint32_t rows = down * across;
    const uint32_t terms = colours * height * width;
    const uint32_t line = across * width;
    uint32_t *const widened = (uint32_t *)workspace;
    int32_t *const sums = (int32_t *)(widened + terms / 2u * DENSE_ROWS);
    for (uint32_t first = 0; first < rows; first += DENSE_ROWS) {
        const uint32_t left = rows - first;
        /* Rows that do not exist are computed like others: the last block repeats the last row. */
        for (uint32_t t = 0; t < DENSE_ROWS; t++) {
            const uint32_t row = first + (t < left ? t : left - 1u);
            const uint8_t *const patch = x + row / across * height * line + row % across * width;
            widen(patch, colours, height, width, down * height * line, line, widened + 2u * t);
        }
        sbnn_dense_sums(widened, w, terms, n, sums);
        for (uint32_t t = 0; t < DENSE_ROWS && t < left; t++) {
            sbnn_dense_scale(sums + t, scale, biases > 1u ? bias + (first + t) * n : bias, n,
                             y + (first + t) * n);
        }
    }
}
