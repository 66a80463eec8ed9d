#include "linear_neon.h"
#include "neon_counts.h"

#include <stddef.h>

/* One panel of outputs at a time: rearrange its weights once, then count NEON_ROWS rows of x with it
 * per step and turn each row's counts into floats. */
void sbnn_linear_float_neon(uint32_t panels, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                            const uint32_t *w, const float *scale, const float *bias,
                            const float *residual, void *workspace, float *y) {
    const uint32_t words = (k + 31u) / 32u;
    for (uint32_t first = 0; first < n; first += NEON_PANEL) {
        const uint32_t outputs = n - first < NEON_PANEL ? n - first : NEON_PANEL;
        const uint8_t *const panel = neon_panel(panels, w + first * words, outputs, words, workspace);
        for (uint32_t row = 0; row < m; row += NEON_ROWS) {
            const uint32_t rows = m - row < NEON_ROWS ? m - row : NEON_ROWS;
            uint16_t counts[NEON_ROWS][NEON_PANEL];
            sbnn_neon_count(x + row * words, rows, panel, words, counts[0]);
            for (uint32_t t = 0; t < rows; t++) {
                const uint32_t place = (row + t) * n + first;
                sbnn_neon_scale(counts[t], outputs, k, scale + first, bias + first,
                                residual == NULL ? NULL : residual + place, y + place);
            }
        }
    }
}
