#include "a64.h"

uint32_t sbnn_a64_runs(const a64_grid *grid, uint32_t line, a64_run *runs) {
    const uint32_t parts = a64_parts(grid);
    const uint32_t words = a64_part_size(grid) / 4u;
    uint32_t chunks = 0;
    uint32_t room = 0;
    for (uint32_t part = 0; part < parts; part++) {
        uint32_t offset = a64_part_offset(grid, line, part);
        for (uint32_t left = words; left > 0u;) {
            const uint32_t some = left < A64_CHUNK ? left : A64_CHUNK;
            if (some > room) {
                if (chunks > 0u) {
                    runs[-1].words |= A64_LAST;
                }
                chunks++;
                room = A64_CHUNK;
            }
            *runs++ = (a64_run){offset, some};
            offset += 4u * some;
            left -= some;
            room -= some;
        }
    }
    runs[-1].words |= A64_LAST;
    return chunks;
}
