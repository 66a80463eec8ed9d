#include "hal/wait.h"

#include "hal/register.h"

bool wait_until(uint32_t address, uint32_t bits, uint32_t until, uint32_t reads) {
    for (; reads > 0u; reads--) {
        if ((REGISTER(address) & bits) == until) {
            return true;
        }
    }
    return false;
}

bool wait_until_byte(uint32_t address, uint8_t bits, uint8_t until, uint32_t reads) {
    for (; reads > 0u; reads--) {
        if ((BYTE_REGISTER(address) & bits) == until) {
            return true;
        }
    }
    return false;
}
