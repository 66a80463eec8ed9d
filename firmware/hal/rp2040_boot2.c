/* The second stage of the RP2040's boot (RP2040 data sheet, "Boot sequence" and "SSI"). The ROM copies
 * the first 256 bytes of flash to RAM, checks their checksum and calls them. They let the core read the
 * flash in place, with the serial command 03h, which every flash chip has. They run wherever they are
 * copied to. */
#include <stdint.h>

#include "board.h"
#include "hal/register.h"

#define SSI 0x18000000u
#define SSI_CTRLR0 REGISTER(SSI + 0x00u)
#define CTRLR0_BITS_32 (31u << 16) /* a frame of 32 bits, in one line, ... */
#define CTRLR0_READ (3u << 8)      /* ...is received after command and address were sent */
#define SSI_CTRLR1 REGISTER(SSI + 0x04u)
#define SSI_SSIENR REGISTER(SSI + 0x08u)
#define SSIENR_ON 1u
#define SSI_BAUDR REGISTER(SSI + 0x14u)
#define BAUDR_DIVISOR 4u /* 33 MHz at a core of 133 MHz; 03h allows 50 MHz (W25Q16JV data sheet) */
#define SSI_SPI_CTRLR0 REGISTER(SSI + 0xF4u)
#define SPI_CTRLR0_COMMAND (0x03u << 24)
#define SPI_CTRLR0_COMMAND_8 (2u << 8)
#define SPI_CTRLR0_ADDRESS_24 (6u << 2) /* in units of four bits */

void boot2(void);
void boot2_read_in_place(void);

/* Most registers of the SSI take a value only while it is off. */
__attribute__((used, section(".boot2"))) void boot2_read_in_place(void) {
    SSI_SSIENR = 0;
    SSI_BAUDR = BAUDR_DIVISOR;
    SSI_CTRLR0 = CTRLR0_BITS_32 | CTRLR0_READ;
    SSI_CTRLR1 = 0; /* one frame for each read */
    SSI_SPI_CTRLR0 = SPI_CTRLR0_COMMAND | SPI_CTRLR0_COMMAND_8 | SPI_CTRLR0_ADDRESS_24;
    SSI_SSIENR = SSIENR_ON;
}

/* The ROM calls with 0 as the address to return to: then start the bootloader, as a reset would with
 * the vector table behind these 256 bytes. rp2040_flash.c calls a copy, which returns. */
__attribute__((naked, used, section(".boot2.entry"))) void boot2(void) {
    __asm volatile("push {r4, lr}\n"
                   "bl boot2_read_in_place\n"
                   "pop {r4}\n"
                   "pop {r0}\n"
                   "cmp r0, #0\n"
                   "beq 1f\n"
                   "bx r0\n"
                   "1: ldr r0, =%c0\n"
                   "ldm r0!, {r1, r2}\n"
                   "msr msp, r1\n"
                   "bx r2\n" ::"i"(SBNN_FLASH_ORIGIN + 256u));
}
