/* The size of a tile: its counts, and what they are made of, stay in 32 registers. */
#ifndef SBNN_KERNELS_NEON_ROWS_H
#define SBNN_KERNELS_NEON_ROWS_H

#define NEON_ROWS 4u  /* rows of x */
#define NEON_WIDTH 4u /* vectors of 16 outputs that are counted at once; they divide a panel */

#endif
