/* A board with a journal of two pages of four records each, and a slot that no test reads. */
#ifndef SBNN_BOARD_H
#define SBNN_BOARD_H

#define SBNN_FLASH_ORIGIN 0x08000000u
#define SBNN_FLASH_PAGE_BYTES 0x00000080u
#define SBNN_JOURNAL_BYTES 0x00000100u
#define SBNN_JOURNAL_ORIGIN 0x08000100u
#define SBNN_SLOT_ORIGIN 0x08000200u

#endif
