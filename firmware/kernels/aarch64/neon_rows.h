/* The size of a tile. Its counts and their inputs stay in the 32 vector registers of AArch64. */
#ifndef SBNN_KERNELS_NEON_ROWS_H
#define SBNN_KERNELS_NEON_ROWS_H

#define NEON_ROWS 4u  /* rows of x */
#define NEON_WIDTH 4u /* vectors of 16 outputs counted at once; must divide a panel */

#endif
