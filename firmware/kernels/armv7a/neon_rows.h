/* The size of a tile. Its counts and their inputs stay in the 16 vector registers of Armv7. */
#ifndef SBNN_KERNELS_NEON_ROWS_H
#define SBNN_KERNELS_NEON_ROWS_H

#define NEON_ROWS 2u  /* rows of x */
#define NEON_WIDTH 2u /* vectors of 16 outputs counted at once; must divide a panel */

#endif
