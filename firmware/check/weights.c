extern const float check_weight[1];
const float check_weight[1] = {0.5f};
