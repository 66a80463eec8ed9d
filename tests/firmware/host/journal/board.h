/* A board with only a journal: two pages of four records each. */
#ifndef SBNN_BOARD_H
#define SBNN_BOARD_H

#define SBNN_FLASH_ORIGIN 0x08000000u
#define SBNN_FLASH_PAGE_BYTES 0x00000080u
#define SBNN_JOURNAL_BYTES 0x00000100u
#define SBNN_JOURNAL_ORIGIN 0x08000100u

#endif
