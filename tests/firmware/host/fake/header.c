/* The header of an image of no bytes in the first slot; its CRC-32 is 0, unless the test breaks it. */
#include "app/header.h"

#include "board.h"

#ifndef FAKE_IMAGE_CRC32
#define FAKE_IMAGE_CRC32 0u
#endif

const image_header header = {.address = SBNN_SLOT_ORIGIN, .image_crc32 = FAKE_IMAGE_CRC32};
