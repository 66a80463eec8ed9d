/* A board for the tests on the host: small, and its flash somewhere else than its addresses say. */
#ifndef SBNN_BOARD_H
#define SBNN_BOARD_H

#define SBNN_BOARD_NAME "fake"

#define SBNN_FLASH_ORIGIN 0x08000000u
#define SBNN_FLASH_ALIAS SBNN_FLASH_ORIGIN
#define SBNN_FLASH_BYTES 0x00003000u
#define SBNN_FLASH_PAGE_BYTES 0x00000400u
#define SBNN_BOOTLOADER_BYTES 0x00000800u
#define SBNN_SLOT_ORIGIN 0x08000800u
#define SBNN_SLOT_BYTES 0x00002800u

#define SBNN_CHIP_ID 0x0ABCu
#define SBNN_UART_BAUD 115200u
#define SBNN_COUNTER_HZ 1000000u

#endif
