extern const float check_weights_0[1];
const float check_weights_0[1] = {0.5f};
