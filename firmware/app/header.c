#include "app/header.h"

__attribute__((section(".header"), used)) const image_header header = {0};
