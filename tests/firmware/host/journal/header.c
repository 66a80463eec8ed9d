#include "app/header.h"

#include "board.h"

const image_header header = {.address = SBNN_SLOT_ORIGIN, .counter = 5, .header_crc32 = 77};
