


    // !!! This file is generated using emlearn !!!

    #include <stdint.h>
    

static inline int32_t mytree_tree_0(const int16_t *features, int32_t features_length) {
          if (features[25] < 162) {
              if (features[11] < 140) {
                  if (features[15] < 48) {
                      if (features[48] < 89) {
                          if (features[11] < 42) {
                              if (features[39] < 633) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[23] < -218) {
                                  return 0;
                              } else {
                                  if (features[33] < 0) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      } else {
                          if (features[46] < 1399) {
                              return 5;
                          } else {
                              if (features[28] < 173) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          }
                      }
                  } else {
                      if (features[51] < 858) {
                          if (features[33] < 209) {
                              if (features[20] < -197) {
                                  return 5;
                              } else {
                                  if (features[42] < -629) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              return 0;
                          }
                      } else {
                          return 0;
                      }
                  }
              } else {
                  if (features[58] < 410) {
                      if (features[12] < 652) {
                          return 3;
                      } else {
                          return 3;
                      }
                  } else {
                      if (features[14] < 90) {
                          if (features[45] < -1005) {
                              if (features[26] < 27) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[37] < 269) {
                              if (features[3] < 168) {
                                  return 0;
                              } else {
                                  if (features[17] < 261) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          } else {
                              if (features[6] < 519) {
                                  return 5;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[16] < 13) {
                  if (features[58] < 1012) {
                      if (features[6] < 516) {
                          if (features[17] < 97) {
                              if (features[19] < 2) {
                                  return 3;
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[47] < 974) {
                                  if (features[8] < 15) {
                                      if (features[25] < 181) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[26] < 47) {
                                      return 4;
                                  } else {
                                      if (features[8] < -161) {
                                          return 4;
                                      } else {
                                          if (features[63] < -871) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[38] < 12) {
                              if (features[45] < -2309) {
                                  if (features[25] < 566) {
                                      if (features[13] < 467) {
                                          return 2;
                                      } else {
                                          if (features[15] < 37) {
                                              return 2;
                                          } else {
                                              if (features[58] < 500) {
                                                  return 1;
                                              } else {
                                                  if (features[36] < 1025) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[26] < 122) {
                                          if (features[35] < 1207) {
                                              return 2;
                                          } else {
                                              if (features[58] < 927) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          if (features[61] < 797) {
                                              if (features[55] < -100) {
                                                  if (features[56] < -1759) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              if (features[56] < -1719) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  return 6;
                              }
                          } else {
                              if (features[17] < 206) {
                                  if (features[28] < 296) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[47] < 2653) {
                                      if (features[58] < 737) {
                                          if (features[3] < 792) {
                                              return 2;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[3] < 962) {
                                          if (features[29] < -459) {
                                              if (features[5] < 2) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[58] < 505) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          if (features[38] < 17) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[17] < 364) {
                          if (features[22] < 153) {
                              if (features[4] < 42) {
                                  if (features[55] < 101) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[45] < -4517) {
                                      if (features[4] < 75) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[27] < 5) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              return 4;
                          }
                      } else {
                          if (features[45] < -7655) {
                              if (features[3] < 1054) {
                                  return 1;
                              } else {
                                  if (features[1] < -4109) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              if (features[58] < 1565) {
                                  if (features[24] < 394) {
                                      if (features[58] < 1317) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[37] < 677) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              } else {
                  if (features[6] < 647) {
                      if (features[5] < 17) {
                          if (features[36] < 543) {
                              if (features[50] < 1236) {
                                  if (features[3] < 66) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  if (features[11] < 927) {
                                      if (features[44] < -220) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[28] < 263) {
                                          return 3;
                                      } else {
                                          if (features[61] < 375) {
                                              if (features[46] < 4109) {
                                                  if (features[26] < 38) {
                                                      return 3;
                                                  } else {
                                                      if (features[39] < 485) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              } else {
                                                  if (features[7] < -52) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[26] < 50) {
                                  if (features[30] < -255) {
                                      return 4;
                                  } else {
                                      if (features[48] < 144) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[16] < 27) {
                                      if (features[11] < 968) {
                                          if (features[17] < 198) {
                                              if (features[6] < 363) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              if (features[24] < 1546) {
                                                  if (features[11] < 792) {
                                                      return 4;
                                                  } else {
                                                      if (features[10] < 132) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          if (features[60] < 9) {
                                              if (features[35] < 2858) {
                                                  if (features[24] < 1036) {
                                                      if (features[8] < -145) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  if (features[33] < -44) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          } else {
                                              if (features[40] < 196) {
                                                  if (features[65] < 86) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[3] < 160) {
                                          if (features[37] < 506) {
                                              if (features[18] < 13) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 5;
                                          }
                                      } else {
                                          if (features[21] < 17) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[13] < 1045) {
                              return 5;
                          } else {
                              if (features[11] < 734) {
                                  return 5;
                              } else {
                                  if (features[62] < -384) {
                                      return 3;
                                  } else {
                                      if (features[42] < 10) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[56] < -1824) {
                          if (features[27] < 3) {
                              return 1;
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[25] < 309) {
                              return 2;
                          } else {
                              if (features[17] < 260) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_1(const int16_t *features, int32_t features_length) {
          if (features[49] < 4) {
              if (features[13] < 1070) {
                  if (features[26] < 40) {
                      if (features[61] < 574) {
                          if (features[5] < 4) {
                              return 2;
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[46] < 1035) {
                              if (features[5] < 5) {
                                  return 6;
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[4] < 37) {
                                  if (features[5] < 2) {
                                      return 0;
                                  } else {
                                      if (features[21] < 166) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  }
                              } else {
                                  if (features[6] < 241) {
                                      if (features[57] < 2269) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      if (features[11] < 337) {
                                          return 2;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[5] < 8) {
                          if (features[27] < 12) {
                              if (features[13] < 748) {
                                  if (features[23] < -2108) {
                                      if (features[15] < 59) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[6] < 646) {
                                          return 1;
                                      } else {
                                          if (features[64] < 245) {
                                              if (features[65] < 1028) {
                                                  if (features[17] < 256) {
                                                      if (features[15] < 71) {
                                                          return 2;
                                                      } else {
                                                          if (features[10] < -733) {
                                                              return 2;
                                                          } else {
                                                              return 2;
                                                          }
                                                      }
                                                  } else {
                                                      if (features[28] < 682) {
                                                          if (features[53] < -2965) {
                                                              return 1;
                                                          } else {
                                                              if (features[24] < 621) {
                                                                  return 2;
                                                              } else {
                                                                  return 2;
                                                              }
                                                          }
                                                      } else {
                                                          return 2;
                                                      }
                                                  }
                                              } else {
                                                  if (features[12] < -670) {
                                                      return 1;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              if (features[46] < 4756) {
                                                  if (features[3] < 627) {
                                                      return 2;
                                                  } else {
                                                      if (features[30] < -494) {
                                                          return 2;
                                                      } else {
                                                          if (features[24] < 607) {
                                                              return 1;
                                                          } else {
                                                              return 1;
                                                          }
                                                      }
                                                  }
                                              } else {
                                                  if (features[38] < 13) {
                                                      if (features[45] < -4082) {
                                                          return 2;
                                                      } else {
                                                          return 2;
                                                      }
                                                  } else {
                                                      if (features[28] < 720) {
                                                          return 1;
                                                      } else {
                                                          return 2;
                                                      }
                                                  }
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[59] < 113) {
                                      if (features[48] < 160) {
                                          return 2;
                                      } else {
                                          if (features[35] < 1371) {
                                              return 1;
                                          } else {
                                              if (features[25] < 590) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[4] < 158) {
                                          if (features[38] < 4) {
                                              return 1;
                                          } else {
                                              if (features[50] < 2498) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          } else {
                              if (features[50] < 1540) {
                                  if (features[11] < 397) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[32] < 99) {
                              if (features[11] < 52) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          } else {
                              return 5;
                          }
                      }
                  }
              } else {
                  if (features[17] < 359) {
                      if (features[36] < 506) {
                          if (features[28] < 272) {
                              if (features[22] < -305) {
                                  return 6;
                              } else {
                                  if (features[33] < 89) {
                                      return 3;
                                  } else {
                                      if (features[48] < 107) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[20] < 37) {
                                  if (features[19] < 57) {
                                      if (features[48] < 173) {
                                          if (features[1] < -142) {
                                              if (features[14] < 80) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[2] < 250) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[59] < 75) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[6] < 176) {
                                      if (features[41] < -42) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      } else {
                          if (features[33] < -35) {
                              if (features[16] < 18) {
                                  if (features[57] < 1603) {
                                      if (features[32] < 208) {
                                          if (features[55] < 20) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[2] < 481) {
                                          if (features[47] < 1595) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[60] < 9) {
                                      if (features[11] < 1011) {
                                          if (features[26] < 45) {
                                              return 3;
                                          } else {
                                              if (features[44] < 364) {
                                                  if (features[20] < 2) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[14] < 127) {
                                          return 3;
                                      } else {
                                          if (features[11] < 965) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[57] < 980) {
                                  if (features[1] < -85) {
                                      if (features[13] < 1383) {
                                          if (features[13] < 1181) {
                                              return 3;
                                          } else {
                                              if (features[11] < 1007) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[39] < 764) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[8] < -38) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[24] < 438) {
                                      return 3;
                                  } else {
                                      if (features[60] < 9) {
                                          if (features[57] < 3432) {
                                              if (features[24] < 1397) {
                                                  if (features[2] < 765) {
                                                      return 4;
                                                  } else {
                                                      if (features[46] < 6347) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[14] < 119) {
                                              return 3;
                                          } else {
                                              if (features[11] < 935) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[16] < 9) {
                          if (features[48] < 553) {
                              if (features[4] < 38) {
                                  return 4;
                              } else {
                                  if (features[36] < 2303) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[34] < -8069) {
                                  if (features[25] < 913) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[47] < 5122) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          return 2;
                      }
                  }
              }
          } else {
              if (features[23] < -303) {
                  if (features[45] < -4877) {
                      if (features[39] < 2838) {
                          if (features[11] < 918) {
                              return 1;
                          } else {
                              if (features[29] < -265) {
                                  return 3;
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          return 2;
                      }
                  } else {
                      if (features[10] < 93) {
                          if (features[38] < 14) {
                              if (features[60] < 4) {
                                  if (features[25] < 131) {
                                      if (features[26] < 28) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[36] < 643) {
                                          return 0;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[24] < 577) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          } else {
                              if (features[22] < 125) {
                                  if (features[8] < 80) {
                                      return 5;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[14] < 357) {
                              if (features[3] < 258) {
                                  if (features[13] < 929) {
                                      return 5;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[47] < 479) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          } else {
                              return 1;
                          }
                      }
                  }
              } else {
                  if (features[5] < 6) {
                      if (features[3] < 214) {
                          return 5;
                      } else {
                          return 6;
                      }
                  } else {
                      if (features[13] < 735) {
                          if (features[48] < 91) {
                              return 6;
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[57] < 1636) {
                              return 6;
                          } else {
                              return 5;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_2(const int16_t *features, int32_t features_length) {
          if (features[47] < 863) {
              if (features[3] < 231) {
                  if (features[11] < 180) {
                      if (features[53] < 897) {
                          if (features[50] < 958) {
                              return 5;
                          } else {
                              if (features[6] < 100) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          return 5;
                      }
                  } else {
                      if (features[4] < 22) {
                          return 0;
                      } else {
                          if (features[9] < 4) {
                              return 4;
                          } else {
                              return 6;
                          }
                      }
                  }
              } else {
                  if (features[13] < 1144) {
                      if (features[61] < 1531) {
                          if (features[29] < 128) {
                              return 6;
                          } else {
                              return 6;
                          }
                      } else {
                          return 5;
                      }
                  } else {
                      return 1;
                  }
              }
          } else {
              if (features[6] < 559) {
                  if (features[11] < 329) {
                      if (features[24] < 312) {
                          if (features[12] < -467) {
                              return 0;
                          } else {
                              return 0;
                          }
                      } else {
                          return 5;
                      }
                  } else {
                      if (features[36] < 417) {
                          if (features[1] < -1158) {
                              return 6;
                          } else {
                              if (features[22] < 312) {
                                  if (features[22] < -95) {
                                      if (features[17] < 92) {
                                          if (features[28] < 277) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[24] < 557) {
                              if (features[0] < -255) {
                                  if (features[37] < 277) {
                                      if (features[30] < 77) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[20] < -67) {
                                      return 4;
                                  } else {
                                      if (features[3] < 101) {
                                          if (features[5] < 6) {
                                              if (features[27] < 5) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[3] < 176) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[33] < -29) {
                                  if (features[11] < 953) {
                                      if (features[57] < 2965) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[50] < 2308) {
                                          return 4;
                                      } else {
                                          if (features[40] < -378) {
                                              if (features[38] < 25) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              if (features[36] < 684) {
                                                  return 3;
                                              } else {
                                                  if (features[1] < -586) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[11] < 983) {
                                      if (features[6] < 289) {
                                          return 4;
                                      } else {
                                          if (features[33] < 49) {
                                              if (features[39] < 1018) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[60] < 8) {
                                          if (features[12] < 621) {
                                              if (features[30] < -52) {
                                                  return 4;
                                              } else {
                                                  if (features[50] < 3327) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          } else {
                                              if (features[9] < 73) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[10] < -76) {
                                              return 4;
                                          } else {
                                              if (features[22] < -67) {
                                                  return 3;
                                              } else {
                                                  if (features[39] < 969) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[14] < 298) {
                      if (features[13] < 613) {
                          if (features[25] < 824) {
                              if (features[39] < 545) {
                                  return 1;
                              } else {
                                  if (features[13] < 454) {
                                      if (features[8] < 942) {
                                          return 2;
                                      } else {
                                          if (features[3] < 948) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[21] < -286) {
                                          return 1;
                                      } else {
                                          if (features[39] < 711) {
                                              return 1;
                                          } else {
                                              if (features[20] < 166) {
                                                  if (features[32] < 902) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[28] < 981) {
                                  return 2;
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[2] < 2764) {
                              if (features[59] < 116) {
                                  if (features[3] < 850) {
                                      if (features[47] < 2852) {
                                          if (features[25] < 345) {
                                              return 6;
                                          } else {
                                              if (features[12] < -575) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[22] < -478) {
                                      if (features[17] < 266) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[52] < 3672) {
                                          if (features[58] < 569) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              return 2;
                          }
                      }
                  } else {
                      if (features[4] < 169) {
                          if (features[17] < 409) {
                              if (features[59] < 119) {
                                  if (features[60] < 4) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[48] < 195) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[57] < 2424) {
                                  if (features[5] < 3) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[17] < 1027) {
                              if (features[38] < 15) {
                                  return 2;
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[6] < 1337) {
                                  return 1;
                              } else {
                                  return 2;
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_3(const int16_t *features, int32_t features_length) {
          if (features[11] < 689) {
              if (features[48] < 177) {
                  if (features[3] < 231) {
                      if (features[38] < 13) {
                          if (features[33] < 117) {
                              if (features[4] < 13) {
                                  return 0;
                              } else {
                                  if (features[11] < 123) {
                                      if (features[14] < 159) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[35] < 788) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          } else {
                              if (features[16] < 17) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[33] < 322) {
                              if (features[47] < 1219) {
                                  if (features[44] < -199) {
                                      if (features[31] < 36) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  return 4;
                              }
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[17] < 414) {
                          if (features[25] < 185) {
                              if (features[44] < -159) {
                                  return 0;
                              } else {
                                  if (features[12] < -598) {
                                      return 5;
                                  } else {
                                      if (features[1] < 499) {
                                          if (features[47] < 1374) {
                                              return 6;
                                          } else {
                                              return 6;
                                          }
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          } else {
                              if (features[29] < 177) {
                                  if (features[16] < 5) {
                                      if (features[43] < 80) {
                                          if (features[29] < -277) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[46] < 4775) {
                                          if (features[52] < 736) {
                                              if (features[60] < 2) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[59] < 110) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      } else {
                          if (features[26] < 59) {
                              return 1;
                          } else {
                              return 1;
                          }
                      }
                  }
              } else {
                  if (features[17] < 332) {
                      if (features[46] < 3696) {
                          if (features[11] < 131) {
                              if (features[34] < -1165) {
                                  if (features[25] < 104) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  if (features[2] < -963) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              }
                          } else {
                              if (features[49] < 6) {
                                  return 0;
                              } else {
                                  if (features[29] < -35) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      } else {
                          if (features[14] < 173) {
                              if (features[1] < -955) {
                                  if (features[22] < -566) {
                                      return 2;
                                  } else {
                                      if (features[14] < 160) {
                                          return 2;
                                      } else {
                                          if (features[59] < 126) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[37] < 307) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[15] < 49) {
                                  if (features[23] < -1247) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[12] < -554) {
                                      if (features[3] < 999) {
                                          if (features[0] < 624) {
                                              if (features[47] < 2946) {
                                                  if (features[23] < -1450) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[28] < 662) {
                                          if (features[50] < 2830) {
                                              return 4;
                                          } else {
                                              if (features[3] < 677) {
                                                  return 2;
                                              } else {
                                                  if (features[51] < -3266) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[24] < 995) {
                                              return 2;
                                          } else {
                                              if (features[11] < 174) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[24] < 2064) {
                          if (features[28] < 337) {
                              return 5;
                          } else {
                              if (features[6] < 387) {
                                  return 5;
                              } else {
                                  if (features[12] < -349) {
                                      if (features[36] < 2360) {
                                          if (features[61] < 1248) {
                                              if (features[38] < 7) {
                                                  return 1;
                                              } else {
                                                  if (features[3] < 728) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      } else {
                          if (features[11] < 142) {
                              return 1;
                          } else {
                              if (features[17] < 1086) {
                                  return 2;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[24] < 567) {
                  if (features[18] < -96) {
                      return 4;
                  } else {
                      if (features[6] < 232) {
                          if (features[33] < 96) {
                              if (features[26] < 35) {
                                  return 3;
                              } else {
                                  if (features[21] < 64) {
                                      if (features[15] < 49) {
                                          if (features[23] < -581) {
                                              if (features[43] < -33) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[24] < 431) {
                                  return 3;
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          return 4;
                      }
                  }
              } else {
                  if (features[25] < 220) {
                      if (features[35] < 2835) {
                          if (features[23] < -615) {
                              return 3;
                          } else {
                              if (features[24] < 755) {
                                  return 3;
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          return 3;
                      }
                  } else {
                      if (features[6] < 171) {
                          if (features[39] < 419) {
                              return 3;
                          } else {
                              if (features[49] < 6) {
                                  if (features[46] < 4349) {
                                      return 4;
                                  } else {
                                      if (features[0] < -8) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          if (features[39] < 849) {
                              if (features[36] < 511) {
                                  if (features[35] < 2296) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[0] < 169) {
                                      if (features[16] < 19) {
                                          if (features[6] < 236) {
                                              return 4;
                                          } else {
                                              if (features[1] < -949) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          if (features[33] < 37) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[16] < 22) {
                                  if (features[34] < -4434) {
                                      if (features[24] < 1862) {
                                          return 1;
                                      } else {
                                          if (features[41] < 1900) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[11] < 993) {
                                          if (features[20] < 42) {
                                              if (features[54] < 4293) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              if (features[38] < 23) {
                                                  if (features[20] < 52) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[47] < 2757) {
                                      if (features[4] < 45) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[3] < 214) {
                                          if (features[61] < 638) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[2] < 157) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_4(const int16_t *features, int32_t features_length) {
          if (features[27] < 10) {
              if (features[11] < 682) {
                  if (features[6] < 530) {
                      if (features[56] < -1062) {
                          if (features[49] < 4) {
                              if (features[33] < 95) {
                                  if (features[26] < 25) {
                                      return 0;
                                  } else {
                                      if (features[13] < 1016) {
                                          if (features[5] < 15) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[24] < 339) {
                                      if (features[28] < 237) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[6] < 236) {
                                  if (features[51] < -502) {
                                      return 4;
                                  } else {
                                      if (features[27] < 6) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  }
                              } else {
                                  if (features[34] < -2383) {
                                      return 5;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      } else {
                          if (features[45] < -1059) {
                              return 5;
                          } else {
                              return 5;
                          }
                      }
                  } else {
                      if (features[58] < 925) {
                          if (features[23] < -493) {
                              if (features[11] < 107) {
                                  if (features[47] < 3752) {
                                      if (features[17] < 240) {
                                          if (features[13] < 599) {
                                              if (features[0] < 769) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[39] < 705) {
                                              return 1;
                                          } else {
                                              if (features[54] < -2355) {
                                                  if (features[63] < 182) {
                                                      return 1;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[14] < 221) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[28] < 567) {
                                      if (features[41] < -694) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[36] < 686) {
                                          return 1;
                                      } else {
                                          if (features[15] < 61) {
                                              return 2;
                                          } else {
                                              if (features[5] < 4) {
                                                  if (features[28] < 979) {
                                                      return 2;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  if (features[39] < 1565) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[32] < -770) {
                              return 2;
                          } else {
                              if (features[56] < -2815) {
                                  if (features[36] < 2275) {
                                      return 1;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[24] < 275) {
                                      if (features[57] < 2472) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[5] < 4) {
                                          if (features[12] < -587) {
                                              if (features[55] < 373) {
                                                  if (features[46] < 3852) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              if (features[28] < 682) {
                                                  if (features[3] < 723) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[14] < 119) {
                      if (features[26] < 40) {
                          return 3;
                      } else {
                          if (features[50] < 2024) {
                              if (features[39] < 449) {
                                  return 3;
                              } else {
                                  if (features[24] < 553) {
                                      if (features[48] < 131) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[5] < 4) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[33] < 76) {
                                  if (features[33] < 7) {
                                      if (features[40] < -389) {
                                          if (features[6] < 143) {
                                              return 4;
                                          } else {
                                              if (features[44] < 5) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          if (features[36] < 713) {
                                              if (features[22] < -92) {
                                                  return 3;
                                              } else {
                                                  if (features[39] < 859) {
                                                      return 3;
                                                  } else {
                                                      if (features[0] < -237) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[45] < -3492) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[57] < 624) {
                                          if (features[5] < 7) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[26] < 65) {
                                              if (features[54] < 421) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[36] < 553) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[50] < 2209) {
                                      return 4;
                                  } else {
                                      if (features[59] < 129) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[3] < 400) {
                          if (features[61] < 557) {
                              if (features[43] < -124) {
                                  return 4;
                              } else {
                                  if (features[47] < 1792) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[16] < 29) {
                                  if (features[4] < 41) {
                                      return 4;
                                  } else {
                                      if (features[36] < 655) {
                                          if (features[6] < 272) {
                                              return 4;
                                          } else {
                                              if (features[28] < 494) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[34] < -4757) {
                                              return 4;
                                          } else {
                                              if (features[53] < -3530) {
                                                  if (features[48] < 353) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          if (features[22] < 50) {
                              if (features[45] < -7561) {
                                  return 2;
                              } else {
                                  return 1;
                              }
                          } else {
                              return 3;
                          }
                      }
                  }
              }
          } else {
              if (features[38] < 15) {
                  if (features[3] < 218) {
                      if (features[58] < 1004) {
                          if (features[4] < 29) {
                              if (features[13] < 370) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[36] < 391) {
                                  return 6;
                              } else {
                                  if (features[28] < 153) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              }
                          }
                      } else {
                          if (features[20] < 91) {
                              return 0;
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[37] < 286) {
                          if (features[45] < -2625) {
                              return 6;
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[61] < 1731) {
                              return 2;
                          } else {
                              return 1;
                          }
                      }
                  }
              } else {
                  if (features[6] < 300) {
                      if (features[12] < -42) {
                          return 5;
                      } else {
                          if (features[37] < 211) {
                              return 6;
                          } else {
                              if (features[6] < 130) {
                                  return 3;
                              } else {
                                  if (features[24] < 889) {
                                      if (features[43] < -282) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[39] < 691) {
                          if (features[8] < 349) {
                              return 6;
                          } else {
                              return 6;
                          }
                      } else {
                          return 1;
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_5(const int16_t *features, int32_t features_length) {
          if (features[6] < 559) {
              if (features[12] < 216) {
                  if (features[37] < 228) {
                      if (features[3] < 237) {
                          if (features[57] < 1147) {
                              if (features[26] < 18) {
                                  return 0;
                              } else {
                                  if (features[12] < -132) {
                                      return 5;
                                  } else {
                                      return 6;
                                  }
                              }
                          } else {
                              if (features[58] < 746) {
                                  if (features[34] < -836) {
                                      if (features[15] < 50) {
                                          return 6;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[50] < 827) {
                                          return 5;
                                      } else {
                                          return 0;
                                      }
                                  }
                              } else {
                                  if (features[13] < 588) {
                                      if (features[50] < 867) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 0;
                                  }
                              }
                          }
                      } else {
                          if (features[24] < -384) {
                              return 0;
                          } else {
                              if (features[41] < 780) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      if (features[39] < 974) {
                          if (features[24] < -187) {
                              if (features[49] < 2) {
                                  return 6;
                              } else {
                                  if (features[36] < 638) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              }
                          } else {
                              if (features[3] < 290) {
                                  if (features[16] < 4) {
                                      return 4;
                                  } else {
                                      if (features[47] < 1428) {
                                          if (features[10] < -132) {
                                              return 5;
                                          } else {
                                              if (features[44] < 237) {
                                                  return 5;
                                              } else {
                                                  return 5;
                                              }
                                          }
                                      } else {
                                          if (features[6] < 140) {
                                              return 0;
                                          } else {
                                              return 5;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[46] < 980) {
                                      return 6;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[49] < 5) {
                              if (features[11] < 346) {
                                  return 0;
                              } else {
                                  if (features[16] < 17) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[23] < -961) {
                                  return 5;
                              } else {
                                  if (features[10] < -24) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[11] < 949) {
                      if (features[11] < 672) {
                          return 6;
                      } else {
                          if (features[16] < 28) {
                              if (features[24] < 616) {
                                  if (features[39] < 632) {
                                      return 3;
                                  } else {
                                      if (features[1] < -72) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[57] < 3334) {
                                      if (features[39] < 465) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[47] < 1741) {
                                  if (features[25] < 271) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[23] < -680) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[50] < 3296) {
                          if (features[16] < 17) {
                              if (features[3] < 109) {
                                  if (features[46] < 2815) {
                                      if (features[20] < 33) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[57] < 533) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[37] < 311) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[45] < -3960) {
                                  if (features[37] < 457) {
                                      if (features[58] < 659) {
                                          if (features[6] < 136) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[33] < -48) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[28] < 276) {
                                      if (features[1] < -84) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[3] < 137) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[4] < 83) {
                              if (features[33] < 42) {
                                  if (features[63] < -307) {
                                      return 4;
                                  } else {
                                      if (features[0] < 192) {
                                          if (features[63] < 113) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[46] < 7648) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              return 3;
                          }
                      }
                  }
              }
          } else {
              if (features[57] < 2430) {
                  if (features[50] < 1659) {
                      if (features[28] < 213) {
                          return 6;
                      } else {
                          return 6;
                      }
                  } else {
                      if (features[24] < 805) {
                          if (features[39] < 1056) {
                              if (features[57] < 1368) {
                                  if (features[24] < -5) {
                                      return 1;
                                  } else {
                                      if (features[0] < 769) {
                                          if (features[56] < -1780) {
                                              if (features[14] < 172) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[22] < -483) {
                                      if (features[58] < 854) {
                                          if (features[50] < 2945) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[17] < 347) {
                                              return 2;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      if (features[14] < 164) {
                                          return 2;
                                      } else {
                                          if (features[38] < 14) {
                                              if (features[39] < 911) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[22] < -521) {
                                  return 2;
                              } else {
                                  if (features[47] < 3258) {
                                      if (features[26] < 57) {
                                          if (features[41] < 322) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      } else {
                          if (features[5] < 2) {
                              if (features[12] < -959) {
                                  return 2;
                              } else {
                                  if (features[35] < 3208) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              if (features[38] < 11) {
                                  if (features[25] < 822) {
                                      if (features[1] < -847) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[24] < 1843) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              } else {
                  if (features[58] < 918) {
                      if (features[18] < 304) {
                          return 2;
                      } else {
                          return 2;
                      }
                  } else {
                      if (features[25] < 806) {
                          if (features[45] < -3949) {
                              if (features[43] < 1698) {
                                  if (features[41] < 1582) {
                                      if (features[12] < -614) {
                                          return 1;
                                      } else {
                                          if (features[46] < 4072) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[56] < -2362) {
                                  return 1;
                              } else {
                                  return 2;
                              }
                          }
                      } else {
                          if (features[48] < 654) {
                              if (features[12] < -1446) {
                                  if (features[21] < -343) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[50] < 5765) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              return 2;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_6(const int16_t *features, int32_t features_length) {
          if (features[47] < 866) {
              if (features[58] < 440) {
                  if (features[5] < 6) {
                      return 6;
                  } else {
                      return 5;
                  }
              } else {
                  if (features[5] < 6) {
                      if (features[17] < 308) {
                          if (features[15] < 18) {
                              return 0;
                          } else {
                              if (features[23] < -412) {
                                  return 6;
                              } else {
                                  if (features[34] < -2585) {
                                      return 6;
                                  } else {
                                      if (features[6] < 260) {
                                          return 5;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[13] < 1065) {
                              return 5;
                          } else {
                              return 1;
                          }
                      }
                  } else {
                      if (features[37] < 166) {
                          if (features[57] < 1042) {
                              return 0;
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[11] < 168) {
                              return 5;
                          } else {
                              return 5;
                          }
                      }
                  }
              }
          } else {
              if (features[22] < -223) {
                  if (features[11] < 63) {
                      if (features[58] < 1026) {
                          if (features[48] < 299) {
                              if (features[45] < -2872) {
                                  if (features[14] < 259) {
                                      if (features[22] < -572) {
                                          if (features[43] < 353) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[45] < -3954) {
                                              return 2;
                                          } else {
                                              if (features[24] < 800) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[22] < -482) {
                                          return 1;
                                      } else {
                                          if (features[56] < -1538) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              } else {
                                  return 0;
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[12] < -445) {
                              if (features[56] < -2136) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[12] < -343) {
                          if (features[5] < 3) {
                              if (features[14] < 295) {
                                  if (features[59] < 102) {
                                      if (features[26] < 64) {
                                          if (features[12] < -455) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[61] < 657) {
                                          return 1;
                                      } else {
                                          if (features[11] < 195) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[59] < 124) {
                                      if (features[35] < 1204) {
                                          return 1;
                                      } else {
                                          if (features[3] < 768) {
                                              return 2;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[25] < 332) {
                                  return 1;
                              } else {
                                  if (features[14] < 634) {
                                      if (features[0] < -151) {
                                          if (features[47] < 3456) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[20] < -397) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[6] < 581) {
                              if (features[12] < 102) {
                                  if (features[38] < 18) {
                                      if (features[33] < 93) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[11] < 671) {
                                      if (features[64] < 1084) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      if (features[18] < -74) {
                                          return 4;
                                      } else {
                                          if (features[24] < 437) {
                                              if (features[53] < -1281) {
                                                  if (features[19] < -41) {
                                                      return 4;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[27] < 5) {
                                  if (features[38] < 8) {
                                      if (features[16] < 7) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[17] < 285) {
                                          if (features[35] < 2284) {
                                              return 2;
                                          } else {
                                              if (features[4] < 68) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[24] < 139) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[26] < 40) {
                      if (features[33] < 176) {
                          if (features[59] < 68) {
                              return 3;
                          } else {
                              if (features[45] < -1823) {
                                  return 2;
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[38] < 14) {
                              return 0;
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[39] < 545) {
                          if (features[12] < 432) {
                              if (features[16] < 12) {
                                  return 4;
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[36] < 355) {
                                  return 3;
                              } else {
                                  if (features[58] < 209) {
                                      return 4;
                                  } else {
                                      if (features[22] < 146) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[3] < 592) {
                              if (features[11] < 968) {
                                  if (features[24] < 505) {
                                      if (features[19] < -2) {
                                          if (features[11] < 859) {
                                              return 5;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[13] < 1053) {
                                          if (features[3] < 123) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      } else {
                                          if (features[24] < 1572) {
                                              if (features[2] < -218) {
                                                  return 4;
                                              } else {
                                                  if (features[51] < -3147) {
                                                      if (features[8] < 31) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      if (features[33] < -124) {
                                                          if (features[62] < -151) {
                                                              return 3;
                                                          } else {
                                                              return 4;
                                                          }
                                                      } else {
                                                          if (features[62] < 673) {
                                                              return 4;
                                                          } else {
                                                              if (features[39] < 782) {
                                                                  return 4;
                                                              } else {
                                                                  return 4;
                                                              }
                                                          }
                                                      }
                                                  }
                                              }
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[15] < 47) {
                                      if (features[60] < 5) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[58] < 603) {
                                          if (features[22] < -78) {
                                              if (features[6] < 237) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[58] < 346) {
                                                  if (features[4] < 30) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  if (features[16] < 17) {
                                                      if (features[37] < 353) {
                                                          return 4;
                                                      } else {
                                                          return 3;
                                                      }
                                                  } else {
                                                      if (features[33] < 54) {
                                                          if (features[20] < -37) {
                                                              return 3;
                                                          } else {
                                                              return 3;
                                                          }
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[49] < 3) {
                                              if (features[12] < 699) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[61] < 1979) {
                                  if (features[32] < 0) {
                                      if (features[20] < 87) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[24] < 2076) {
                                          if (features[12] < -949) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[46] < 8603) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_7(const int16_t *features, int32_t features_length) {
          if (features[50] < 1116) {
              if (features[38] < 13) {
                  if (features[47] < 636) {
                      if (features[23] < -412) {
                          if (features[11] < 136) {
                              return 5;
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[17] < 257) {
                              if (features[3] < 142) {
                                  return 5;
                              } else {
                                  if (features[34] < -2673) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          } else {
                              return 5;
                          }
                      }
                  } else {
                      if (features[26] < 29) {
                          if (features[37] < 142) {
                              return 0;
                          } else {
                              return 0;
                          }
                      } else {
                          if (features[56] < -1082) {
                              if (features[51] < 367) {
                                  return 6;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[3] < 51) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          }
                      }
                  }
              } else {
                  if (features[14] < 411) {
                      if (features[12] < -169) {
                          if (features[1] < -1619) {
                              return 6;
                          } else {
                              if (features[62] < 1471) {
                                  if (features[22] < -464) {
                                      return 5;
                                  } else {
                                      if (features[7] < 181) {
                                          if (features[8] < 156) {
                                              if (features[4] < 16) {
                                                  return 5;
                                              } else {
                                                  if (features[31] < -52) {
                                                      if (features[30] < -18) {
                                                          return 5;
                                                      } else {
                                                          return 5;
                                                      }
                                                  } else {
                                                      return 5;
                                                  }
                                              }
                                          } else {
                                              return 5;
                                          }
                                      } else {
                                          return 6;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[3] < 152) {
                              return 3;
                          } else {
                              if (features[22] < -39) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      return 1;
                  }
              }
          } else {
              if (features[3] < 502) {
                  if (features[24] < 217) {
                      if (features[33] < 117) {
                          if (features[61] < 862) {
                              if (features[2] < 244) {
                                  return 3;
                              } else {
                                  if (features[18] < 8) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[24] < -195) {
                                  return 6;
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          if (features[58] < 942) {
                              return 0;
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[24] < 567) {
                          if (features[11] < 770) {
                              if (features[23] < -1073) {
                                  return 4;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[58] < 208) {
                                  if (features[23] < -596) {
                                      if (features[38] < 17) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[11] < 1022) {
                                      if (features[57] < 616) {
                                          if (features[14] < 72) {
                                              return 3;
                                          } else {
                                              if (features[1] < -317) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      } else {
                          if (features[28] < 270) {
                              if (features[6] < 221) {
                                  if (features[22] < 237) {
                                      if (features[24] < 628) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[1] < -750) {
                                  if (features[56] < -944) {
                                      if (features[0] < -251) {
                                          if (features[12] < -214) {
                                              if (features[36] < 1006) {
                                                  return 5;
                                              } else {
                                                  return 5;
                                              }
                                          } else {
                                              if (features[11] < 981) {
                                                  if (features[38] < 22) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  if (features[52] < -133) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[11] < 928) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[6] < 231) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[39] < 490) {
                                      if (features[48] < 163) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[6] < 192) {
                                          if (features[2] < 735) {
                                              if (features[48] < 193) {
                                                  return 4;
                                              } else {
                                                  if (features[36] < 534) {
                                                      if (features[16] < 21) {
                                                          return 4;
                                                      } else {
                                                          return 3;
                                                      }
                                                  } else {
                                                      if (features[11] < 983) {
                                                          return 4;
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              }
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[46] < 6223) {
                                              if (features[0] < -74) {
                                                  if (features[15] < 59) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  if (features[11] < 980) {
                                                      return 4;
                                                  } else {
                                                      if (features[25] < 433) {
                                                          return 3;
                                                      } else {
                                                          if (features[4] < 78) {
                                                              return 4;
                                                          } else {
                                                              return 3;
                                                          }
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[15] < 64) {
                                                  if (features[0] < 166) {
                                                      return 3;
                                                  } else {
                                                      if (features[38] < 14) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[17] < 326) {
                      if (features[11] < 64) {
                          if (features[38] < 18) {
                              if (features[23] < -1937) {
                                  return 2;
                              } else {
                                  if (features[22] < -572) {
                                      if (features[42] < 310) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              if (features[48] < 285) {
                                  if (features[61] < 647) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[38] < 7) {
                              if (features[53] < -2986) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[28] < 130) {
                                  return 6;
                              } else {
                                  if (features[24] < 351) {
                                      if (features[14] < 200) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[3] < 714) {
                                          if (features[39] < 773) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[24] < 1703) {
                                              if (features[51] < -3364) {
                                                  return 1;
                                              } else {
                                                  if (features[28] < 682) {
                                                      return 1;
                                                  } else {
                                                      if (features[53] < -1890) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[4] < 175) {
                          if (features[48] < 156) {
                              if (features[62] < 821) {
                                  if (features[58] < 1605) {
                                      if (features[46] < 3849) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[36] < 672) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[17] < 394) {
                                  if (features[1] < -958) {
                                      if (features[55] < -186) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[61] < 886) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[41] < -1577) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[5] < 4) {
                              return 1;
                          } else {
                              if (features[50] < 6251) {
                                  if (features[44] < -1329) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_8(const int16_t *features, int32_t features_length) {
          if (features[11] < 682) {
              if (features[6] < 577) {
                  if (features[4] < 30) {
                      if (features[24] < 256) {
                          if (features[37] < 217) {
                              if (features[45] < -1058) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[47] < 597) {
                                  return 5;
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[46] < 1660) {
                              return 5;
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[37] < 238) {
                          if (features[23] < -334) {
                              if (features[48] < 135) {
                                  if (features[3] < 138) {
                                      return 5;
                                  } else {
                                      if (features[2] < 773) {
                                          return 6;
                                      } else {
                                          return 0;
                                      }
                                  }
                              } else {
                                  if (features[13] < 619) {
                                      if (features[25] < 156) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 6;
                                  }
                              }
                          } else {
                              if (features[13] < 251) {
                                  return 5;
                              } else {
                                  if (features[6] < 234) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      } else {
                          if (features[38] < 13) {
                              if (features[13] < 607) {
                                  if (features[35] < 1893) {
                                      return 5;
                                  } else {
                                      if (features[22] < -365) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  }
                              } else {
                                  if (features[17] < 314) {
                                      return 6;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[44] < 276) {
                                  if (features[11] < 282) {
                                      return 5;
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      }
                  }
              } else {
                  if (features[61] < 1236) {
                      if (features[12] < -183) {
                          if (features[11] < 41) {
                              if (features[49] < 2) {
                                  if (features[13] < 653) {
                                      if (features[34] < -3405) {
                                          return 2;
                                      } else {
                                          if (features[34] < -1286) {
                                              return 2;
                                          } else {
                                              if (features[6] < 996) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[47] < 3436) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[45] < -2879) {
                                  if (features[28] < 657) {
                                      if (features[3] < 679) {
                                          return 2;
                                      } else {
                                          if (features[38] < 6) {
                                              return 2;
                                          } else {
                                              if (features[13] < 638) {
                                                  if (features[48] < 195) {
                                                      return 2;
                                                  } else {
                                                      if (features[29] < -92) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  }
                                              } else {
                                                  if (features[47] < 2357) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[23] < -1956) {
                                          if (features[34] < -3114) {
                                              if (features[4] < 165) {
                                                  if (features[24] < 1703) {
                                                      return 1;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[19] < -148) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[47] < 1502) {
                              return 6;
                          } else {
                              if (features[54] < 2650) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      if (features[48] < 654) {
                          if (features[61] < 1521) {
                              if (features[11] < 134) {
                                  if (features[46] < 4359) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[17] < 417) {
                                      if (features[36] < 598) {
                                          return 2;
                                      } else {
                                          if (features[25] < 525) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[50] < 4810) {
                                          if (features[50] < 2978) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          } else {
                              if (features[57] < 2624) {
                                  return 1;
                              } else {
                                  if (features[36] < 553) {
                                      if (features[36] < 501) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          return 2;
                      }
                  }
              }
          } else {
              if (features[11] < 949) {
                  if (features[25] < 257) {
                      if (features[2] < 1170) {
                          if (features[18] < 88) {
                              if (features[18] < -2) {
                                  return 3;
                              } else {
                                  if (features[7] < 37) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              return 4;
                          }
                      } else {
                          return 1;
                      }
                  } else {
                      if (features[17] < 496) {
                          if (features[26] < 57) {
                              if (features[1] < 25) {
                                  if (features[6] < 179) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[24] < 1607) {
                                  if (features[22] < -132) {
                                      return 4;
                                  } else {
                                      if (features[1] < -1150) {
                                          if (features[47] < 2848) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[60] < 8) {
                              if (features[9] < 235) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          } else {
                              return 2;
                          }
                      }
                  }
              } else {
                  if (features[0] < 192) {
                      if (features[41] < -338) {
                          if (features[38] < 11) {
                              return 3;
                          } else {
                              if (features[33] < -74) {
                                  if (features[63] < 221) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[29] < 66) {
                                      if (features[23] < -734) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      } else {
                          if (features[57] < 655) {
                              if (features[50] < 1721) {
                                  if (features[46] < 2733) {
                                      if (features[44] < -562) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[25] < 222) {
                                      if (features[63] < 13) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[36] < 378) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[56] < -2010) {
                                  if (features[43] < 127) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[28] < 299) {
                                      return 3;
                                  } else {
                                      if (features[40] < 253) {
                                          if (features[48] < 165) {
                                              return 4;
                                          } else {
                                              if (features[42] < 440) {
                                                  if (features[38] < 21) {
                                                      if (features[13] < 1302) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          if (features[29] < 179) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[46] < 5949) {
                          return 3;
                      } else {
                          return 4;
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_9(const int16_t *features, int32_t features_length) {
          if (features[6] < 559) {
              if (features[13] < 1069) {
                  if (features[11] < 122) {
                      if (features[50] < 1114) {
                          if (features[38] < 7) {
                              if (features[48] < 92) {
                                  return 6;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[37] < 157) {
                                  if (features[46] < 1204) {
                                      return 6;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[10] < -216) {
                                      return 5;
                                  } else {
                                      if (features[30] < -121) {
                                          if (features[55] < 17) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      } else {
                                          if (features[16] < 6) {
                                              if (features[25] < 150) {
                                                  return 5;
                                              } else {
                                                  return 5;
                                              }
                                          } else {
                                              return 5;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[61] < 705) {
                              return 5;
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[14] < 90) {
                          if (features[6] < 221) {
                              if (features[33] < 39) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[6] < 213) {
                              if (features[47] < 788) {
                                  return 5;
                              } else {
                                  if (features[31] < -106) {
                                      return 5;
                                  } else {
                                      if (features[24] < 18) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  }
                              }
                          } else {
                              if (features[33] < -159) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  }
              } else {
                  if (features[11] < 953) {
                      if (features[25] < 225) {
                          if (features[17] < 135) {
                              if (features[3] < 67) {
                                  return 3;
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[28] < 101) {
                                  return 6;
                              } else {
                                  if (features[50] < 352) {
                                      return 5;
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      } else {
                          if (features[14] < 79) {
                              if (features[33] < 44) {
                                  return 3;
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[16] < 31) {
                                  if (features[49] < 6) {
                                      if (features[57] < 3573) {
                                          if (features[28] < 284) {
                                              return 3;
                                          } else {
                                              if (features[4] < 68) {
                                                  return 4;
                                              } else {
                                                  if (features[28] < 616) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[61] < 1215) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[39] < 885) {
                                      return 4;
                                  } else {
                                      if (features[51] < -333) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[58] < 592) {
                          if (features[38] < 24) {
                              if (features[50] < 1727) {
                                  if (features[30] < -184) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[4] < 28) {
                                      if (features[38] < 12) {
                                          if (features[46] < 3000) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[28] < 271) {
                                              if (features[62] < -214) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[21] < 57) {
                                          if (features[33] < 53) {
                                              if (features[1] < -519) {
                                                  if (features[48] < 244) {
                                                      return 4;
                                                  } else {
                                                      if (features[19] < 33) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              } else {
                                                  if (features[15] < 45) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          } else {
                                              if (features[62] < -221) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[17] < 211) {
                                  if (features[61] < 253) {
                                      return 3;
                                  } else {
                                      if (features[63] < 515) {
                                          if (features[30] < -309) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[3] < 368) {
                              if (features[6] < 210) {
                                  return 3;
                              } else {
                                  if (features[39] < 897) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              return 3;
                          }
                      }
                  }
              }
          } else {
              if (features[58] < 1116) {
                  if (features[47] < 1442) {
                      return 6;
                  } else {
                      if (features[0] < -196) {
                          if (features[1] < -1658) {
                              if (features[64] < 1132) {
                                  if (features[2] < 326) {
                                      return 1;
                                  } else {
                                      if (features[11] < 106) {
                                          if (features[14] < 260) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[2] < 827) {
                                              if (features[11] < 222) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[53] < 848) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[37] < 183) {
                                  return 2;
                              } else {
                                  if (features[37] < 354) {
                                      if (features[6] < 788) {
                                          if (features[2] < 942) {
                                              if (features[46] < 4505) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      } else {
                          if (features[59] < 126) {
                              if (features[14] < 378) {
                                  if (features[48] < 238) {
                                      if (features[10] < 1037) {
                                          if (features[8] < 915) {
                                              if (features[36] < 459) {
                                                  return 2;
                                              } else {
                                                  if (features[12] < -684) {
                                                      if (features[45] < -4636) {
                                                          return 2;
                                                      } else {
                                                          return 2;
                                                      }
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[56] < -919) {
                                          if (features[46] < 5642) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[55] < 146) {
                                  if (features[31] < -1285) {
                                      return 1;
                                  } else {
                                      if (features[65] < 0) {
                                          if (features[23] < -2421) {
                                              if (features[2] < 2810) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[62] < -290) {
                                                  return 2;
                                              } else {
                                                  if (features[61] < 778) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[6] < 1019) {
                                              return 2;
                                          } else {
                                              if (features[12] < -916) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[65] < 265) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[4] < 173) {
                      if (features[38] < 16) {
                          if (features[59] < 115) {
                              if (features[1] < -924) {
                                  return 2;
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[58] < 1177) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[22] < -442) {
                              if (features[2] < 1163) {
                                  return 1;
                              } else {
                                  return 2;
                              }
                          } else {
                              return 1;
                          }
                      }
                  } else {
                      if (features[56] < -3124) {
                          if (features[39] < 3326) {
                              return 1;
                          } else {
                              return 2;
                          }
                      } else {
                          return 2;
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_10(const int16_t *features, int32_t features_length) {
          if (features[45] < -2406) {
              if (features[3] < 502) {
                  if (features[12] < 513) {
                      if (features[24] < 325) {
                          if (features[11] < 382) {
                              return 0;
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[5] < 18) {
                              if (features[11] < 1011) {
                                  if (features[13] < 1038) {
                                      return 5;
                                  } else {
                                      if (features[61] < 449) {
                                          return 3;
                                      } else {
                                          if (features[6] < 293) {
                                              return 4;
                                          } else {
                                              if (features[20] < 20) {
                                                  if (features[38] < 23) {
                                                      if (features[59] < 127) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  if (features[36] < 930) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[19] < 17) {
                                  if (features[41] < 42) {
                                      return 5;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      }
                  } else {
                      if (features[11] < 962) {
                          if (features[12] < 670) {
                              if (features[13] < 1157) {
                                  return 3;
                              } else {
                                  if (features[24] < 553) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[45] < -3774) {
                                  return 4;
                              } else {
                                  if (features[29] < 304) {
                                      if (features[50] < 1805) {
                                          if (features[1] < -454) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      } else {
                          if (features[22] < -75) {
                              if (features[1] < -96) {
                                  if (features[55] < 45) {
                                      if (features[26] < 40) {
                                          return 3;
                                      } else {
                                          if (features[6] < 149) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[65] < -1) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[33] < 99) {
                                  if (features[52] < 3725) {
                                      if (features[42] < 440) {
                                          if (features[3] < 93) {
                                              return 3;
                                          } else {
                                              if (features[52] < -3172) {
                                                  if (features[15] < 56) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  if (features[55] < -141) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          }
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[48] < 219) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[59] < 117) {
                      if (features[39] < 773) {
                          if (features[13] < 391) {
                              if (features[42] < 236) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[46] < 4255) {
                                  if (features[46] < 2983) {
                                      return 1;
                                  } else {
                                      if (features[2] < 1045) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[37] < 266) {
                                      if (features[20] < 41) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      } else {
                          if (features[14] < 346) {
                              if (features[59] < 103) {
                                  if (features[53] < 3839) {
                                      if (features[12] < -234) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[35] < 2876) {
                                      if (features[2] < 2206) {
                                          if (features[62] < -594) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              return 1;
                          }
                      }
                  } else {
                      if (features[16] < 9) {
                          if (features[5] < 5) {
                              if (features[61] < 617) {
                                  return 2;
                              } else {
                                  if (features[59] < 135) {
                                      if (features[12] < -485) {
                                          if (features[61] < 940) {
                                              return 2;
                                          } else {
                                              if (features[38] < 16) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          if (features[44] < -132) {
                                              return 1;
                                          } else {
                                              if (features[6] < 898) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[17] < 240) {
                                          return 2;
                                      } else {
                                          if (features[5] < 4) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[34] < -2983) {
                                  if (features[28] < 961) {
                                      return 1;
                                  } else {
                                      if (features[62] < -859) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[60] < 5) {
                              if (features[2] < 976) {
                                  return 2;
                              } else {
                                  if (features[59] < 141) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[12] < -298) {
                                  if (features[22] < -563) {
                                      return 1;
                                  } else {
                                      if (features[17] < 253) {
                                          return 2;
                                      } else {
                                          if (features[49] < 3) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[55] < -14) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[3] < 228) {
                  if (features[33] < 116) {
                      if (features[37] < 129) {
                          if (features[11] < 365) {
                              return 0;
                          } else {
                              return 3;
                          }
                      } else {
                          if (features[52] < 1347) {
                              if (features[13] < 1087) {
                                  if (features[8] < -113) {
                                      return 5;
                                  } else {
                                      if (features[29] < -197) {
                                          return 5;
                                      } else {
                                          if (features[14] < 252) {
                                              return 5;
                                          } else {
                                              if (features[40] < -237) {
                                                  return 5;
                                              } else {
                                                  return 5;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[12] < -403) {
                                      return 5;
                                  } else {
                                      if (features[25] < 228) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[58] < 448) {
                          if (features[46] < 2153) {
                              return 5;
                          } else {
                              return 3;
                          }
                      } else {
                          if (features[50] < 696) {
                              return 5;
                          } else {
                              if (features[35] < 2867) {
                                  return 0;
                              } else {
                                  return 4;
                              }
                          }
                      }
                  }
              } else {
                  if (features[57] < 3045) {
                      if (features[58] < 1157) {
                          return 6;
                      } else {
                          return 1;
                      }
                  } else {
                      if (features[50] < 495) {
                          return 5;
                      } else {
                          if (features[39] < 799) {
                              return 1;
                          } else {
                              return 1;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_11(const int16_t *features, int32_t features_length) {
          if (features[50] < 1075) {
              if (features[12] < -295) {
                  if (features[3] < 267) {
                      if (features[34] < -815) {
                          if (features[27] < 3) {
                              return 5;
                          } else {
                              if (features[10] < -134) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          return 0;
                      }
                  } else {
                      if (features[37] < 279) {
                          if (features[22] < -68) {
                              return 1;
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[10] < 4) {
                              return 1;
                          } else {
                              return 1;
                          }
                      }
                  }
              } else {
                  if (features[3] < 173) {
                      if (features[4] < 18) {
                          if (features[58] < 538) {
                              return 5;
                          } else {
                              return 0;
                          }
                      } else {
                          if (features[3] < 82) {
                              return 5;
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[14] < 238) {
                          if (features[6] < 257) {
                              return 6;
                          } else {
                              return 6;
                          }
                      } else {
                          return 1;
                      }
                  }
              }
          } else {
              if (features[22] < -210) {
                  if (features[4] < 38) {
                      if (features[11] < 383) {
                          if (features[18] < -165) {
                              return 0;
                          } else {
                              if (features[32] < -144) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[51] < 2176) {
                              if (features[16] < 7) {
                                  return 4;
                              } else {
                                  if (features[2] < 441) {
                                      if (features[34] < -1416) {
                                          return 4;
                                      } else {
                                          if (features[17] < 83) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[60] < 4) {
                          if (features[59] < 117) {
                              if (features[17] < 409) {
                                  if (features[47] < 1481) {
                                      return 6;
                                  } else {
                                      if (features[10] < 1019) {
                                          if (features[42] < -189) {
                                              if (features[22] < -492) {
                                                  if (features[48] < 214) {
                                                      return 2;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  if (features[32] < -327) {
                                                      return 2;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          } else {
                                              if (features[4] < 74) {
                                                  if (features[3] < 596) {
                                                      return 2;
                                                  } else {
                                                      if (features[26] < 44) {
                                                          return 2;
                                                      } else {
                                                          return 2;
                                                      }
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[57] < 2424) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[17] < 208) {
                                  if (features[25] < 107) {
                                      return 0;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[25] < 736) {
                                      if (features[45] < -4208) {
                                          if (features[3] < 548) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[13] < 1067) {
                                              return 2;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      } else {
                          if (features[46] < 4223) {
                              if (features[42] < 0) {
                                  if (features[46] < 3371) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[51] < 388) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[0] < -1089) {
                                  if (features[59] < 222) {
                                      return 2;
                                  } else {
                                      if (features[12] < -1707) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[56] < -1601) {
                                      if (features[5] < 5) {
                                          if (features[28] < 805) {
                                              if (features[58] < 663) {
                                                  if (features[33] < 15) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  if (features[39] < 1369) {
                                                      if (features[34] < -2498) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              if (features[24] < 1684) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          if (features[55] < -233) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[46] < 4834) {
                                          if (features[61] < 646) {
                                              if (features[24] < 451) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[36] < 637) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          if (features[61] < 745) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[13] < 957) {
                      if (features[25] < 202) {
                          if (features[57] < 1866) {
                              return 0;
                          } else {
                              return 0;
                          }
                      } else {
                          if (features[15] < 61) {
                              if (features[45] < -3798) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          } else {
                              return 5;
                          }
                      }
                  } else {
                      if (features[28] < 278) {
                          if (features[29] < -280) {
                              return 3;
                          } else {
                              if (features[50] < 3068) {
                                  if (features[56] < -553) {
                                      return 3;
                                  } else {
                                      if (features[23] < -632) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[25] < 794) {
                              if (features[60] < 9) {
                                  if (features[28] < 750) {
                                      if (features[37] < 224) {
                                          if (features[23] < -284) {
                                              if (features[62] < -174) {
                                                  return 3;
                                              } else {
                                                  if (features[37] < 211) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[19] < 46) {
                                              if (features[33] < -30) {
                                                  if (features[50] < 2459) {
                                                      if (features[33] < -52) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      if (features[12] < 605) {
                                                          if (features[7] < -3) {
                                                              if (features[8] < 81) {
                                                                  return 3;
                                                              } else {
                                                                  return 3;
                                                              }
                                                          } else {
                                                              return 4;
                                                          }
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              } else {
                                                  if (features[4] < 81) {
                                                      if (features[56] < -1304) {
                                                          if (features[39] < 962) {
                                                              if (features[21] < 37) {
                                                                  return 4;
                                                              } else {
                                                                  return 4;
                                                              }
                                                          } else {
                                                              return 4;
                                                          }
                                                      } else {
                                                          if (features[47] < 2788) {
                                                              if (features[7] < 97) {
                                                                  if (features[26] < 49) {
                                                                      return 3;
                                                                  } else {
                                                                      if (features[49] < 3) {
                                                                          return 4;
                                                                      } else {
                                                                          return 4;
                                                                      }
                                                                  }
                                                              } else {
                                                                  return 4;
                                                              }
                                                          } else {
                                                              return 3;
                                                          }
                                                      }
                                                  } else {
                                                      if (features[40] < 16) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[10] < 185) {
                                                  if (features[38] < 25) {
                                                      return 4;
                                                  } else {
                                                      if (features[16] < 21) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[58] < 1114) {
                                          if (features[5] < 7) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[11] < 968) {
                                      if (features[4] < 69) {
                                          if (features[61] < 928) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[6] < 133) {
                                          return 3;
                                      } else {
                                          if (features[59] < 93) {
                                              if (features[39] < 660) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              if (features[61] < 677) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[12] < -2096) {
                                  if (features[26] < 262) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[48] < 722) {
                                      if (features[14] < 741) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_12(const int16_t *features, int32_t features_length) {
          if (features[3] < 535) {
              if (features[46] < 2706) {
                  if (features[33] < 149) {
                      if (features[12] < -305) {
                          if (features[10] < -118) {
                              if (features[22] < -52) {
                                  return 4;
                              } else {
                                  return 6;
                              }
                          } else {
                              if (features[6] < 329) {
                                  if (features[34] < -849) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[50] < 798) {
                              if (features[2] < -570) {
                                  if (features[47] < 591) {
                                      return 5;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[3] < 152) {
                                      return 5;
                                  } else {
                                      if (features[30] < 117) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          } else {
                              if (features[59] < 57) {
                                  if (features[11] < 912) {
                                      return 3;
                                  } else {
                                      if (features[24] < 495) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[25] < 216) {
                                      if (features[4] < 36) {
                                          if (features[49] < 2) {
                                              return 5;
                                          } else {
                                              return 0;
                                          }
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      if (features[45] < -3415) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[26] < 44) {
                          if (features[24] < 251) {
                              if (features[46] < 1806) {
                                  if (features[58] < 923) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[8] < -241) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              }
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[13] < 542) {
                              return 5;
                          } else {
                              return 6;
                          }
                      }
                  }
              } else {
                  if (features[16] < 17) {
                      if (features[26] < 40) {
                          if (features[27] < 6) {
                              if (features[16] < 9) {
                                  return 0;
                              } else {
                                  if (features[11] < 958) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[12] < 54) {
                                  return 0;
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[27] < 13) {
                              if (features[57] < 1512) {
                                  if (features[6] < 150) {
                                      if (features[28] < 271) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[17] < 140) {
                                          if (features[8] < 150) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[59] < 120) {
                                              if (features[62] < 78) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[24] < 1369) {
                                      if (features[23] < -1321) {
                                          return 4;
                                      } else {
                                          if (features[17] < 141) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[37] < 462) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[21] < -72) {
                                  return 6;
                              } else {
                                  return 0;
                              }
                          }
                      }
                  } else {
                      if (features[25] < 326) {
                          if (features[36] < 380) {
                              return 3;
                          } else {
                              if (features[57] < 723) {
                                  if (features[24] < 437) {
                                      return 3;
                                  } else {
                                      if (features[23] < -558) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[19] < -58) {
                                      if (features[6] < 237) {
                                          if (features[39] < 919) {
                                              if (features[26] < 69) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      if (features[16] < 20) {
                                          if (features[24] < 919) {
                                              return 4;
                                          } else {
                                              if (features[47] < 2210) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          if (features[22] < 191) {
                                              return 3;
                                          } else {
                                              if (features[63] < 552) {
                                                  if (features[3] < 164) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[23] < -1177) {
                              if (features[17] < 262) {
                                  if (features[53] < 3338) {
                                      if (features[56] < -1855) {
                                          return 3;
                                      } else {
                                          if (features[18] < -39) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[1] < -730) {
                                  if (features[0] < -733) {
                                      return 5;
                                  } else {
                                      if (features[46] < 6462) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[50] < 2729) {
                                      return 4;
                                  } else {
                                      if (features[36] < 585) {
                                          return 3;
                                      } else {
                                          if (features[37] < 471) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[58] < 995) {
                  if (features[23] < -510) {
                      if (features[64] < 922) {
                          if (features[58] < 517) {
                              if (features[12] < -190) {
                                  if (features[61] < 649) {
                                      if (features[0] < 769) {
                                          if (features[61] < 591) {
                                              return 2;
                                          } else {
                                              if (features[13] < 559) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          if (features[28] < 341) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[25] < 588) {
                                  if (features[16] < 5) {
                                      if (features[48] < 193) {
                                          if (features[4] < 55) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[13] < 440) {
                                          if (features[53] < -2664) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[15] < 46) {
                                              return 1;
                                          } else {
                                              if (features[20] < -122) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[26] < 87) {
                                      if (features[17] < 335) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[6] < 1038) {
                                          if (features[37] < 404) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[11] < 162) {
                                              return 1;
                                          } else {
                                              if (features[42] < -1614) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[31] < -416) {
                              return 2;
                          } else {
                              if (features[33] < -134) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      return 6;
                  }
              } else {
                  if (features[4] < 200) {
                      if (features[14] < 271) {
                          if (features[6] < 879) {
                              return 2;
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[17] < 447) {
                              if (features[6] < 889) {
                                  if (features[65] < 196) {
                                      if (features[54] < -420) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[40] < 1494) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      if (features[59] < 446) {
                          if (features[61] < 2073) {
                              if (features[17] < 1015) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          return 1;
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_13(const int16_t *features, int32_t features_length) {
          if (features[13] < 1070) {
              if (features[6] < 248) {
                  if (features[16] < 7) {
                      if (features[45] < -1026) {
                          if (features[25] < 232) {
                              if (features[22] < -8) {
                                  if (features[58] < 610) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  return 0;
                              }
                          } else {
                              return 5;
                          }
                      } else {
                          return 5;
                      }
                  } else {
                      if (features[45] < -1838) {
                          if (features[49] < 3) {
                              if (features[61] < 821) {
                                  return 5;
                              } else {
                                  if (features[7] < 97) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              }
                          } else {
                              if (features[33] < 178) {
                                  if (features[3] < 67) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[25] < 61) {
                              if (features[12] < -295) {
                                  return 5;
                              } else {
                                  if (features[5] < 6) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              }
                          } else {
                              if (features[23] < -131) {
                                  if (features[24] < -209) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  return 5;
                              }
                          }
                      }
                  }
              } else {
                  if (features[27] < 7) {
                      if (features[61] < 1360) {
                          if (features[49] < 4) {
                              if (features[17] < 357) {
                                  if (features[59] < 141) {
                                      if (features[39] < 510) {
                                          return 1;
                                      } else {
                                          if (features[13] < 628) {
                                              if (features[26] < 85) {
                                                  if (features[3] < 758) {
                                                      if (features[38] < 10) {
                                                          if (features[62] < 1000) {
                                                              if (features[36] < 614) {
                                                                  return 2;
                                                              } else {
                                                                  return 2;
                                                              }
                                                          } else {
                                                              return 2;
                                                          }
                                                      } else {
                                                          if (features[48] < 203) {
                                                              return 2;
                                                          } else {
                                                              if (features[30] < -486) {
                                                                  return 2;
                                                              } else {
                                                                  return 1;
                                                              }
                                                          }
                                                      }
                                                  } else {
                                                      if (features[0] < 667) {
                                                          return 2;
                                                      } else {
                                                          if (features[12] < -583) {
                                                              return 2;
                                                          } else {
                                                              return 2;
                                                          }
                                                      }
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              if (features[22] < -421) {
                                                  if (features[0] < -191) {
                                                      if (features[22] < -538) {
                                                          return 2;
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      if (features[37] < 340) {
                                                          return 2;
                                                      } else {
                                                          return 2;
                                                      }
                                                  }
                                              } else {
                                                  if (features[24] < 655) {
                                                      if (features[47] < 2697) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[24] < 1748) {
                                          if (features[61] < 712) {
                                              if (features[24] < 999) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[44] < 444) {
                                      if (features[26] < 137) {
                                          if (features[39] < 1327) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[6] < 890) {
                              if (features[37] < 272) {
                                  if (features[65] < -548) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[4] < 67) {
                                      return 1;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              return 1;
                          }
                      }
                  } else {
                      if (features[22] < -62) {
                          if (features[26] < 44) {
                              if (features[57] < 2164) {
                                  if (features[13] < 968) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[11] < 61) {
                                  if (features[14] < 156) {
                                      return 2;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  if (features[12] < -124) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          return 6;
                      }
                  }
              }
          } else {
              if (features[12] < -91) {
                  if (features[6] < 1267) {
                      if (features[5] < 5) {
                          if (features[41] < -1844) {
                              return 1;
                          } else {
                              if (features[34] < -6063) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[3] < 431) {
                              if (features[37] < 470) {
                                  return 5;
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[34] < -6175) {
                                  return 2;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      if (features[23] < -4311) {
                          return 2;
                      } else {
                          return 2;
                      }
                  }
              } else {
                  if (features[26] < 51) {
                      if (features[12] < 462) {
                          if (features[8] < -73) {
                              return 6;
                          } else {
                              if (features[7] < -12) {
                                  return 6;
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[32] < 368) {
                              if (features[29] < 394) {
                                  if (features[25] < 228) {
                                      if (features[42] < -537) {
                                          return 3;
                                      } else {
                                          if (features[30] < 266) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[45] < -3840) {
                                          return 4;
                                      } else {
                                          if (features[13] < 1259) {
                                              if (features[0] < -54) {
                                                  return 3;
                                              } else {
                                                  if (features[46] < 3566) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              } else {
                                  return 4;
                              }
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[16] < 17) {
                          if (features[3] < 379) {
                              if (features[60] < 6) {
                                  if (features[37] < 217) {
                                      return 4;
                                  } else {
                                      if (features[57] < 1028) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[35] < 1922) {
                                      if (features[13] < 1284) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[25] < 359) {
                                          if (features[13] < 1356) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[23] < -1378) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          } else {
                              return 3;
                          }
                      } else {
                          if (features[49] < 3) {
                              if (features[28] < 273) {
                                  if (features[39] < 815) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[11] < 974) {
                                      if (features[0] < 427) {
                                          if (features[11] < 958) {
                                              if (features[12] < 382) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[0] < 444) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[48] < 170) {
                                          return 4;
                                      } else {
                                          if (features[0] < 159) {
                                              if (features[61] < 279) {
                                                  return 4;
                                              } else {
                                                  if (features[41] < 251) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          } else {
                                              if (features[3] < 214) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[18] < -27) {
                                  if (features[42] < 158) {
                                      if (features[37] < 514) {
                                          if (features[24] < 987) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[7] < -41) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[41] < -554) {
                                      if (features[27] < 6) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[45] < -3941) {
                                          if (features[22] < 287) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[36] < 480) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_14(const int16_t *features, int32_t features_length) {
          if (features[11] < 703) {
              if (features[47] < 1696) {
                  if (features[13] < 515) {
                      if (features[33] < 136) {
                          if (features[3] < 245) {
                              if (features[44] < 175) {
                                  if (features[11] < 183) {
                                      if (features[5] < 5) {
                                          if (features[48] < 91) {
                                              return 5;
                                          } else {
                                              return 0;
                                          }
                                      } else {
                                          if (features[14] < 196) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      }
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[12] < -141) {
                                      return 5;
                                  } else {
                                      if (features[58] < 797) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  }
                              }
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[58] < 443) {
                              return 5;
                          } else {
                              if (features[49] < 5) {
                                  if (features[22] < 10) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      if (features[3] < 227) {
                          if (features[33] < 173) {
                              if (features[49] < 2) {
                                  return 4;
                              } else {
                                  if (features[11] < 257) {
                                      if (features[38] < 12) {
                                          return 0;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[46] < 1041) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          } else {
                              if (features[10] < 24) {
                                  if (features[48] < 194) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          if (features[17] < 275) {
                              if (features[47] < 1347) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          } else {
                              if (features[3] < 447) {
                                  return 5;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              } else {
                  if (features[24] < 780) {
                      if (features[58] < 699) {
                          if (features[11] < 77) {
                              if (features[61] < 807) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[16] < 2) {
                                  return 2;
                              } else {
                                  if (features[40] < -578) {
                                      return 2;
                                  } else {
                                      if (features[18] < -240) {
                                          return 2;
                                      } else {
                                          if (features[46] < 4751) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[45] < -4036) {
                              if (features[13] < 591) {
                                  return 2;
                              } else {
                                  if (features[15] < 34) {
                                      return 1;
                                  } else {
                                      if (features[59] < 99) {
                                          return 2;
                                      } else {
                                          if (features[46] < 3762) {
                                              if (features[62] < -1669) {
                                                  return 1;
                                              } else {
                                                  if (features[46] < 3551) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          } else {
                                              if (features[53] < -2853) {
                                                  if (features[56] < -1850) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[57] < 3284) {
                                  if (features[14] < 205) {
                                      return 0;
                                  } else {
                                      if (features[64] < 1166) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      if (features[49] < 2) {
                          if (features[19] < 285) {
                              if (features[28] < 665) {
                                  if (features[0] < 564) {
                                      if (features[13] < 356) {
                                          return 2;
                                      } else {
                                          if (features[4] < 64) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[27] < 2) {
                                      return 2;
                                  } else {
                                      if (features[37] < 426) {
                                          if (features[54] < 2189) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[39] < 1250) {
                              if (features[22] < -385) {
                                  return 1;
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[5] < 4) {
                                  if (features[34] < -7821) {
                                      return 2;
                                  } else {
                                      if (features[57] < 1513) {
                                          return 2;
                                      } else {
                                          if (features[48] < 414) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[48] < 466) {
                                      if (features[4] < 164) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[28] < 297) {
                  if (features[3] < 207) {
                      if (features[28] < 260) {
                          if (features[63] < -601) {
                              return 3;
                          } else {
                              if (features[19] < -41) {
                                  if (features[3] < 86) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[50] < 2997) {
                                      if (features[30] < 239) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      } else {
                          if (features[4] < 24) {
                              if (features[35] < 1658) {
                                  if (features[55] < 13) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[23] < -318) {
                                  return 3;
                              } else {
                                  return 3;
                              }
                          }
                      }
                  } else {
                      return 1;
                  }
              } else {
                  if (features[50] < 2162) {
                      if (features[38] < 15) {
                          if (features[57] < 1272) {
                              if (features[1] < -126) {
                                  return 4;
                              } else {
                                  return 3;
                              }
                          } else {
                              return 4;
                          }
                      } else {
                          if (features[11] < 975) {
                              if (features[13] < 1107) {
                                  return 4;
                              } else {
                                  return 4;
                              }
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[36] < 590) {
                          if (features[22] < 284) {
                              if (features[15] < 48) {
                                  if (features[59] < 55) {
                                      return 4;
                                  } else {
                                      if (features[10] < 117) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[61] < 305) {
                                      return 3;
                                  } else {
                                      if (features[6] < 349) {
                                          if (features[2] < 206) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[53] < -1711) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[5] < 9) {
                                  return 4;
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[11] < 968) {
                              if (features[24] < 601) {
                                  return 3;
                              } else {
                                  if (features[23] < -1721) {
                                      if (features[15] < 175) {
                                          return 3;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[13] < 1588) {
                                          if (features[60] < 11) {
                                              return 4;
                                          } else {
                                              if (features[55] < 35) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[18] < -7) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[17] < 138) {
                                  return 4;
                              } else {
                                  if (features[33] < 40) {
                                      if (features[0] < 186) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_15(const int16_t *features, int32_t features_length) {
          if (features[5] < 3) {
              if (features[13] < 591) {
                  if (features[24] < 174) {
                      if (features[3] < 377) {
                          return 0;
                      } else {
                          return 2;
                      }
                  } else {
                      if (features[49] < 4) {
                          if (features[26] < 96) {
                              if (features[64] < 824) {
                                  if (features[0] < 925) {
                                      if (features[13] < 581) {
                                          if (features[39] < 753) {
                                              if (features[34] < -2346) {
                                                  return 2;
                                              } else {
                                                  if (features[57] < 1515) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[65] < -181) {
                                      return 1;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          return 6;
                      }
                  }
              } else {
                  if (features[22] < -71) {
                      if (features[48] < 156) {
                          if (features[17] < 432) {
                              if (features[61] < 381) {
                                  if (features[37] < 234) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[16] < 8) {
                                      if (features[14] < 205) {
                                          return 4;
                                      } else {
                                          if (features[42] < -236) {
                                              return 1;
                                          } else {
                                              if (features[8] < -427) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[0] < -453) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[14] < 295) {
                              if (features[25] < 607) {
                                  if (features[15] < 38) {
                                      if (features[0] < 247) {
                                          return 4;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[28] < 653) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[37] < 408) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[61] < 1249) {
                                  if (features[27] < 2) {
                                      if (features[47] < 2737) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[13] < 921) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      if (features[24] < 531) {
                          if (features[6] < 239) {
                              if (features[17] < 87) {
                                  return 3;
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[55] < -189) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[11] < 656) {
                              if (features[24] < 1482) {
                                  return 6;
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[12] < 585) {
                                  if (features[56] < -1643) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[42] < 186) {
                                      if (features[0] < 84) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[47] < 1043) {
                  if (features[37] < 186) {
                      if (features[46] < 1238) {
                          if (features[3] < 128) {
                              if (features[14] < 56) {
                                  return 0;
                              } else {
                                  return 5;
                              }
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[9] < 153) {
                              if (features[24] < 176) {
                                  if (features[15] < 49) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[25] < 126) {
                                      return 6;
                                  } else {
                                      if (features[56] < -758) {
                                          return 3;
                                      } else {
                                          return 5;
                                      }
                                  }
                              }
                          } else {
                              return 6;
                          }
                      }
                  } else {
                      if (features[5] < 5) {
                          if (features[22] < -30) {
                              if (features[61] < 1941) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[4] < 51) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[12] < -87) {
                              if (features[10] < -121) {
                                  return 5;
                              } else {
                                  if (features[41] < 648) {
                                      if (features[6] < 242) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              return 3;
                          }
                      }
                  }
              } else {
                  if (features[12] < 84) {
                      if (features[3] < 455) {
                          if (features[26] < 45) {
                              return 0;
                          } else {
                              if (features[47] < 1533) {
                                  if (features[59] < 95) {
                                      return 4;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  if (features[5] < 6) {
                                      return 4;
                                  } else {
                                      if (features[25] < 402) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[12] < -1221) {
                              if (features[34] < -9325) {
                                  return 2;
                              } else {
                                  if (features[4] < 234) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[24] < 1589) {
                                  if (features[4] < 83) {
                                      if (features[6] < 695) {
                                          return 1;
                                      } else {
                                          if (features[55] < -65) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[39] < 1448) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[37] < 389) {
                          if (features[57] < 1603) {
                              if (features[34] < -1189) {
                                  if (features[56] < -430) {
                                      if (features[23] < -538) {
                                          if (features[20] < -52) {
                                              if (features[31] < -181) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              if (features[16] < 28) {
                                                  if (features[50] < 2568) {
                                                      if (features[46] < 2921) {
                                                          if (features[10] < -31) {
                                                              return 3;
                                                          } else {
                                                              return 3;
                                                          }
                                                      } else {
                                                          if (features[4] < 28) {
                                                              if (features[36] < 557) {
                                                                  return 4;
                                                              } else {
                                                                  return 4;
                                                              }
                                                          } else {
                                                              return 3;
                                                          }
                                                      }
                                                  } else {
                                                      if (features[33] < 7) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[33] < 78) {
                                      if (features[36] < 424) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[28] < 213) {
                                  return 0;
                              } else {
                                  if (features[50] < 3117) {
                                      if (features[11] < 888) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[4] < 49) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[11] < 968) {
                              if (features[26] < 50) {
                                  return 4;
                              } else {
                                  if (features[6] < 345) {
                                      if (features[10] < -174) {
                                          return 4;
                                      } else {
                                          if (features[41] < 945) {
                                              if (features[15] < 125) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[25] < 454) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[36] < 720) {
                                  if (features[44] < 117) {
                                      if (features[55] < -116) {
                                          return 3;
                                      } else {
                                          if (features[64] < 265) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[39] < 838) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[58] < 450) {
                                      return 3;
                                  } else {
                                      if (features[52] < 1829) {
                                          if (features[24] < 1046) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_16(const int16_t *features, int32_t features_length) {
          if (features[49] < 4) {
              if (features[3] < 537) {
                  if (features[24] < 230) {
                      if (features[58] < 477) {
                          if (features[5] < 9) {
                              return 3;
                          } else {
                              return 3;
                          }
                      } else {
                          if (features[15] < 52) {
                              if (features[38] < 13) {
                                  if (features[6] < 251) {
                                      if (features[45] < -1111) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[5] < 15) {
                                      return 0;
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              if (features[45] < -1696) {
                                  if (features[39] < 764) {
                                      if (features[56] < -1504) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      if (features[15] < 83) {
                                          return 1;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[31] < -33) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[45] < -1988) {
                          if (features[11] < 960) {
                              if (features[25] < 259) {
                                  if (features[14] < 80) {
                                      if (features[64] < 82) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[22] < 212) {
                                          if (features[0] < -309) {
                                              return 0;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[25] < 312) {
                                      if (features[2] < 545) {
                                          if (features[24] < 696) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[17] < 122) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[11] < 444) {
                                          return 5;
                                      } else {
                                          if (features[62] < 679) {
                                              if (features[26] < 127) {
                                                  return 4;
                                              } else {
                                                  if (features[36] < 862) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          } else {
                                              if (features[65] < 171) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[16] < 21) {
                                  if (features[33] < 46) {
                                      if (features[22] < -108) {
                                          if (features[25] < 200) {
                                              return 3;
                                          } else {
                                              if (features[37] < 234) {
                                                  if (features[24] < 523) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[40] < 317) {
                                              if (features[56] < -2010) {
                                                  return 4;
                                              } else {
                                                  if (features[42] < -280) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[46] < 2997) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[22] < -98) {
                                      return 4;
                                  } else {
                                      if (features[15] < 124) {
                                          if (features[22] < -38) {
                                              return 3;
                                          } else {
                                              if (features[6] < 121) {
                                                  return 3;
                                              } else {
                                                  if (features[65] < -596) {
                                                      return 3;
                                                  } else {
                                                      if (features[64] < -235) {
                                                          if (features[2] < 270) {
                                                              return 3;
                                                          } else {
                                                              return 3;
                                                          }
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              }
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[11] < 109) {
                              if (features[0] < -1057) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[11] < 689) {
                                  return 6;
                              } else {
                                  if (features[58] < 312) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[15] < 50) {
                      if (features[17] < 390) {
                          if (features[12] < -190) {
                              if (features[60] < 4) {
                                  if (features[17] < 341) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[46] < 4603) {
                                      if (features[17] < 202) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[21] < 141) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          } else {
                              if (features[46] < 4433) {
                                  return 1;
                              } else {
                                  return 2;
                              }
                          }
                      } else {
                          return 1;
                      }
                  } else {
                      if (features[58] < 546) {
                          if (features[28] < 646) {
                              if (features[60] < 7) {
                                  return 1;
                              } else {
                                  if (features[9] < -278) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              if (features[42] < -697) {
                                  return 1;
                              } else {
                                  if (features[55] < -163) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      } else {
                          if (features[5] < 5) {
                              if (features[11] < -88) {
                                  if (features[50] < 4163) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[45] < -4238) {
                                      if (features[17] < 206) {
                                          return 1;
                                      } else {
                                          if (features[29] < 969) {
                                              if (features[11] < 708) {
                                                  if (features[6] < 779) {
                                                      if (features[30] < 586) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      if (features[58] < 1561) {
                                          if (features[36] < 731) {
                                              if (features[24] < 337) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              if (features[39] < 1224) {
                                  return 1;
                              } else {
                                  if (features[6] < 1071) {
                                      return 1;
                                  } else {
                                      if (features[45] < -7688) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[45] < -2499) {
                  if (features[4] < 165) {
                      if (features[12] < -143) {
                          if (features[56] < -3229) {
                              return 1;
                          } else {
                              if (features[62] < 131) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          if (features[3] < 198) {
                              if (features[9] < -2) {
                                  if (features[44] < -68) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[37] < 379) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              return 3;
                          }
                      }
                  } else {
                      return 2;
                  }
              } else {
                  if (features[12] < -298) {
                      if (features[5] < 3) {
                          if (features[22] < -34) {
                              return 1;
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[23] < -213) {
                              if (features[38] < 10) {
                                  return 0;
                              } else {
                                  if (features[3] < 275) {
                                      if (features[11] < 145) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[38] < 13) {
                                  return 6;
                              } else {
                                  return 5;
                              }
                          }
                      }
                  } else {
                      if (features[3] < 178) {
                          if (features[45] < -1407) {
                              return 0;
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[34] < -2603) {
                              return 6;
                          } else {
                              return 6;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_17(const int16_t *features, int32_t features_length) {
          if (features[13] < 1070) {
              if (features[4] < 34) {
                  if (features[61] < 581) {
                      if (features[62] < 370) {
                          return 5;
                      } else {
                          return 5;
                      }
                  } else {
                      if (features[50] < 605) {
                          if (features[22] < -77) {
                              return 5;
                          } else {
                              if (features[5] < 6) {
                                  return 6;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          if (features[11] < 311) {
                              return 0;
                          } else {
                              return 0;
                          }
                      }
                  }
              } else {
                  if (features[47] < 1707) {
                      if (features[16] < 11) {
                          if (features[6] < 287) {
                              if (features[47] < 911) {
                                  if (features[11] < 289) {
                                      if (features[39] < 478) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[57] < 3056) {
                                  if (features[25] < 169) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          if (features[11] < 179) {
                              if (features[24] < -184) {
                                  if (features[43] < 75) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[21] < -111) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              if (features[62] < -627) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      if (features[56] < -1807) {
                          if (features[48] < 164) {
                              if (features[50] < 2684) {
                                  if (features[19] < -394) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[15] < 42) {
                                  if (features[17] < 384) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[22] < -206) {
                                      if (features[13] < 351) {
                                          return 2;
                                      } else {
                                          if (features[39] < 1617) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      } else {
                          if (features[27] < 7) {
                              if (features[57] < 1560) {
                                  if (features[50] < 2416) {
                                      return 4;
                                  } else {
                                      if (features[1] < -929) {
                                          if (features[61] < 622) {
                                              return 2;
                                          } else {
                                              if (features[3] < 725) {
                                                  return 2;
                                              } else {
                                                  if (features[20] < 1) {
                                                      return 2;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[57] < 1405) {
                                              if (features[47] < 4085) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[46] < 4068) {
                                      if (features[63] < 87) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[17] < 255) {
                                          if (features[11] < 34) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[62] < 1011) {
                                              if (features[59] < 102) {
                                                  if (features[15] < 30) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  if (features[28] < 1414) {
                                                      if (features[4] < 68) {
                                                          if (features[13] < 791) {
                                                              return 2;
                                                          } else {
                                                              return 1;
                                                          }
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[60] < 7) {
                                  return 1;
                              } else {
                                  return 2;
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[17] < 366) {
                  if (features[28] < 295) {
                      if (features[27] < 19) {
                          if (features[58] < 677) {
                              if (features[22] < -315) {
                                  return 4;
                              } else {
                                  if (features[46] < 5710) {
                                      if (features[23] < -519) {
                                          if (features[10] < -135) {
                                              return 4;
                                          } else {
                                              if (features[24] < 415) {
                                                  return 3;
                                              } else {
                                                  if (features[3] < 108) {
                                                      if (features[12] < 799) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[20] < 55) {
                                  if (features[15] < 61) {
                                      return 4;
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          return 6;
                      }
                  } else {
                      if (features[58] < 494) {
                          if (features[11] < 975) {
                              if (features[65] < 311) {
                                  if (features[28] < 350) {
                                      if (features[3] < 102) {
                                          if (features[60] < 5) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[34] < -3308) {
                                          return 3;
                                      } else {
                                          if (features[15] < 101) {
                                              return 4;
                                          } else {
                                              if (features[3] < 115) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[26] < 58) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[43] < 161) {
                                  if (features[17] < 82) {
                                      return 4;
                                  } else {
                                      if (features[33] < -25) {
                                          return 3;
                                      } else {
                                          if (features[27] < 8) {
                                              if (features[41] < 210) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[48] < 267) {
                                      if (features[1] < -457) {
                                          return 3;
                                      } else {
                                          if (features[50] < 2065) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[29] < -135) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[33] < -114) {
                              if (features[39] < 1450) {
                                  if (features[21] < -91) {
                                      return 4;
                                  } else {
                                      if (features[7] < -36) {
                                          return 3;
                                      } else {
                                          if (features[40] < -283) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[46] < 7100) {
                                  if (features[14] < 103) {
                                      return 3;
                                  } else {
                                      if (features[52] < 4214) {
                                          if (features[13] < 1521) {
                                              return 4;
                                          } else {
                                              if (features[9] < 56) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[34] < -2102) {
                                      if (features[62] < -532) {
                                          return 4;
                                      } else {
                                          if (features[13] < 1558) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[4] < 173) {
                      if (features[50] < 428) {
                          return 5;
                      } else {
                          if (features[17] < 485) {
                              if (features[38] < 20) {
                                  if (features[18] < 256) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[30] < -992) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      if (features[57] < 3986) {
                          if (features[15] < 214) {
                              return 2;
                          } else {
                              if (features[48] < 628) {
                                  return 1;
                              } else {
                                  return 2;
                              }
                          }
                      } else {
                          if (features[25] < 974) {
                              return 1;
                          } else {
                              return 1;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_18(const int16_t *features, int32_t features_length) {
          if (features[37] < 221) {
              if (features[28] < 356) {
                  if (features[47] < 637) {
                      if (features[38] < 12) {
                          if (features[22] < -48) {
                              return 5;
                          } else {
                              return 6;
                          }
                      } else {
                          if (features[11] < 104) {
                              return 5;
                          } else {
                              if (features[23] < -347) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      if (features[26] < 28) {
                          if (features[49] < 2) {
                              if (features[2] < 692) {
                                  return 3;
                              } else {
                                  if (features[45] < -1561) {
                                      return 0;
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              if (features[29] < -162) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[13] < 1086) {
                              if (features[61] < 612) {
                                  if (features[34] < -1323) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  if (features[6] < 291) {
                                      return 0;
                                  } else {
                                      if (features[13] < 649) {
                                          return 2;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          } else {
                              if (features[58] < 669) {
                                  if (features[19] < -48) {
                                      if (features[56] < -703) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[22] < -135) {
                                          if (features[53] < -1304) {
                                              return 3;
                                          } else {
                                              if (features[8] < 50) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[3] < 302) {
                                      return 4;
                                  } else {
                                      if (features[3] < 521) {
                                          return 6;
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[3] < 702) {
                      if (features[14] < 336) {
                          if (features[39] < 705) {
                              return 1;
                          } else {
                              if (features[37] < 196) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          }
                      } else {
                          return 1;
                      }
                  } else {
                      if (features[61] < 1300) {
                          if (features[15] < 46) {
                              return 2;
                          } else {
                              return 1;
                          }
                      } else {
                          return 2;
                      }
                  }
              }
          } else {
              if (features[12] < -91) {
                  if (features[46] < 2700) {
                      if (features[13] < 1140) {
                          if (features[8] < -262) {
                              if (features[55] < 48) {
                                  return 6;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[15] < 50) {
                                  if (features[61] < 1157) {
                                      return 5;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[7] < 170) {
                                      if (features[3] < 250) {
                                          return 5;
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[48] < 86) {
                              return 1;
                          } else {
                              if (features[2] < 1174) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  } else {
                      if (features[61] < 706) {
                          if (features[6] < 403) {
                              return 5;
                          } else {
                              if (features[13] < 631) {
                                  if (features[1] < -929) {
                                      if (features[28] < 259) {
                                          return 1;
                                      } else {
                                          if (features[42] < -351) {
                                              if (features[25] < 377) {
                                                  return 1;
                                              } else {
                                                  if (features[36] < 647) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[45] < -6405) {
                                      return 2;
                                  } else {
                                      if (features[6] < 787) {
                                          return 2;
                                      } else {
                                          if (features[50] < 3044) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[5] < 5) {
                              if (features[36] < 757) {
                                  if (features[14] < 400) {
                                      if (features[50] < 2752) {
                                          if (features[45] < -3427) {
                                              if (features[12] < -312) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[44] < 212) {
                                              if (features[29] < -522) {
                                                  return 1;
                                              } else {
                                                  if (features[16] < 10) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[58] < 1024) {
                                      if (features[13] < 405) {
                                          return 2;
                                      } else {
                                          if (features[13] < 1834) {
                                              if (features[41] < -1147) {
                                                  return 1;
                                              } else {
                                                  if (features[45] < -4332) {
                                                      if (features[57] < 2534) {
                                                          if (features[13] < 595) {
                                                              return 1;
                                                          } else {
                                                              return 1;
                                                          }
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[24] < 2030) {
                                  if (features[23] < -1251) {
                                      if (features[14] < 621) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[35] < 2630) {
                                      return 1;
                                  } else {
                                      if (features[61] < 1852) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[11] < 953) {
                      if (features[16] < 30) {
                          if (features[25] < 233) {
                              if (features[13] < 571) {
                                  return 0;
                              } else {
                                  if (features[57] < 1536) {
                                      if (features[34] < -1209) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[25] < 107) {
                                          return 6;
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              if (features[25] < 246) {
                                  return 4;
                              } else {
                                  if (features[34] < -1221) {
                                      if (features[46] < 9884) {
                                          if (features[23] < -1519) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      } else {
                          if (features[24] < 533) {
                              return 3;
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[0] < 196) {
                          if (features[3] < 107) {
                              if (features[46] < 2874) {
                                  if (features[55] < 38) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[26] < 70) {
                                      if (features[43] < -486) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[21] < 37) {
                                  if (features[36] < 658) {
                                      if (features[38] < 16) {
                                          if (features[16] < 16) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[54] < 3563) {
                                              if (features[61] < 249) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[42] < -153) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[33] < 37) {
                                          if (features[65] < -171) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[22] < 168) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[50] < 3311) {
                                      if (features[65] < -231) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      } else {
                          if (features[36] < 679) {
                              return 4;
                          } else {
                              return 4;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_19(const int16_t *features, int32_t features_length) {
          if (features[47] < 902) {
              if (features[23] < -243) {
                  if (features[7] < 188) {
                      if (features[10] < -126) {
                          if (features[23] < -471) {
                              return 1;
                          } else {
                              if (features[12] < -346) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[15] < 21) {
                              if (features[61] < 588) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[11] < 173) {
                                  if (features[16] < 5) {
                                      return 5;
                                  } else {
                                      if (features[37] < 141) {
                                          return 5;
                                      } else {
                                          if (features[50] < 1047) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[22] < -77) {
                                      if (features[61] < 2271) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[37] < 227) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[17] < 468) {
                          if (features[26] < 40) {
                              return 6;
                          } else {
                              if (features[59] < 209) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          return 1;
                      }
                  }
              } else {
                  if (features[11] < 32) {
                      return 5;
                  } else {
                      if (features[52] < 731) {
                          if (features[1] < 592) {
                              return 6;
                          } else {
                              if (features[24] < 103) {
                                  return 0;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          return 0;
                      }
                  }
              }
          } else {
              if (features[22] < -206) {
                  if (features[4] < 38) {
                      if (features[12] < 268) {
                          if (features[28] < 271) {
                              return 0;
                          } else {
                              if (features[26] < 51) {
                                  return 1;
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[51] < 2227) {
                              if (features[1] < -79) {
                                  if (features[0] < -74) {
                                      if (features[29] < -122) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 3;
                              }
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[13] < 644) {
                          if (features[57] < 2212) {
                              if (features[5] < 2) {
                                  if (features[11] < 112) {
                                      if (features[28] < 911) {
                                          if (features[25] < 562) {
                                              if (features[28] < 595) {
                                                  if (features[1] < -943) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  if (features[24] < 885) {
                                                      return 1;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[37] < 245) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[15] < 68) {
                                      if (features[64] < -164) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[58] < 516) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              if (features[6] < 422) {
                                  return 0;
                              } else {
                                  if (features[17] < 268) {
                                      return 2;
                                  } else {
                                      if (features[45] < -4763) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[27] < 13) {
                              if (features[4] < 168) {
                                  if (features[59] < 118) {
                                      if (features[12] < -669) {
                                          if (features[21] < 258) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[2] < 826) {
                                              return 4;
                                          } else {
                                              if (features[24] < 361) {
                                                  if (features[34] < -2413) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  if (features[53] < -2410) {
                                                      return 1;
                                                  } else {
                                                      if (features[32] < 314) {
                                                          if (features[58] < 607) {
                                                              return 2;
                                                          } else {
                                                              return 2;
                                                          }
                                                      } else {
                                                          return 1;
                                                      }
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[61] < 665) {
                                          return 2;
                                      } else {
                                          if (features[45] < -4230) {
                                              if (features[38] < 5) {
                                                  if (features[24] < 727) {
                                                      return 1;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  if (features[11] < 754) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          } else {
                                              if (features[37] < 377) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  }
                              } else {
                                  if (features[17] < 797) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[41] < 332) {
                                  return 6;
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              } else {
                  if (features[12] < 65) {
                      if (features[4] < 43) {
                          if (features[28] < 246) {
                              if (features[23] < -626) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[11] < 355) {
                                  return 5;
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[46] < 4411) {
                              if (features[48] < 263) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[12] < -1218) {
                                  if (features[17] < 1099) {
                                      if (features[5] < 6) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[34] < -7732) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[22] < 206) {
                                      return 2;
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[39] < 781) {
                          if (features[6] < 132) {
                              if (features[28] < 271) {
                                  if (features[17] < 104) {
                                      if (features[39] < 551) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[24] < 452) {
                                      return 3;
                                  } else {
                                      if (features[39] < 746) {
                                          if (features[34] < -1146) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[11] < 918) {
                                  return 4;
                              } else {
                                  if (features[28] < 286) {
                                      return 3;
                                  } else {
                                      if (features[59] < 60) {
                                          return 4;
                                      } else {
                                          if (features[18] < -51) {
                                              return 4;
                                          } else {
                                              if (features[38] < 14) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[58] < 470) {
                              if (features[34] < -3012) {
                                  if (features[59] < 115) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[3] < 157) {
                                      if (features[12] < 668) {
                                          if (features[26] < 50) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[38] < 21) {
                                          if (features[10] < 56) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[14] < 115) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[60] < 9) {
                                  if (features[13] < 1659) {
                                      if (features[8] < -148) {
                                          if (features[36] < 756) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[57] < 1264) {
                                              return 4;
                                          } else {
                                              if (features[2] < 143) {
                                                  if (features[31] < -124) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[25] < 374) {
                                      return 3;
                                  } else {
                                      if (features[55] < -17) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_20(const int16_t *features, int32_t features_length) {
          if (features[3] < 506) {
              if (features[56] < -1344) {
                  if (features[3] < 252) {
                      if (features[24] < 575) {
                          if (features[38] < 13) {
                              if (features[58] < 728) {
                                  if (features[45] < -1074) {
                                      return 0;
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  if (features[24] < 232) {
                                      if (features[5] < 11) {
                                          return 0;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[4] < 39) {
                                          return 0;
                                      } else {
                                          return 5;
                                      }
                                  }
                              }
                          } else {
                              if (features[23] < -870) {
                                  return 0;
                              } else {
                                  if (features[46] < 2127) {
                                      if (features[49] < 3) {
                                          if (features[23] < -495) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[4] < 29) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[0] < -854) {
                              return 5;
                          } else {
                              if (features[61] < 592) {
                                  if (features[56] < -1438) {
                                      if (features[64] < 100) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[0] < 764) {
                                      if (features[25] < 242) {
                                          if (features[15] < 67) {
                                              if (features[24] < 793) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[6] < 273) {
                                              if (features[11] < 952) {
                                                  return 4;
                                              } else {
                                                  if (features[2] < 677) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          } else {
                                              if (features[47] < 2768) {
                                                  return 3;
                                              } else {
                                                  if (features[36] < 739) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      return 5;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[11] < 673) {
                          if (features[57] < 3242) {
                              if (features[59] < 75) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[36] < 753) {
                              if (features[44] < 133) {
                                  return 3;
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[18] < 34) {
                                  if (features[27] < 5) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 3;
                              }
                          }
                      }
                  }
              } else {
                  if (features[46] < 2243) {
                      if (features[11] < 82) {
                          if (features[10] < 43) {
                              return 5;
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[6] < 195) {
                              if (features[59] < 55) {
                                  if (features[28] < 241) {
                                      if (features[55] < 112) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[28] < 157) {
                                      return 0;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              return 6;
                          }
                      }
                  } else {
                      if (features[11] < 949) {
                          if (features[39] < 511) {
                              return 3;
                          } else {
                              if (features[38] < 14) {
                                  if (features[16] < 21) {
                                      if (features[5] < 4) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[17] < 205) {
                                      if (features[13] < 1126) {
                                          return 4;
                                      } else {
                                          if (features[22] < -158) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[1] < -1365) {
                                          return 5;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[22] < -33) {
                              if (features[38] < 13) {
                                  if (features[11] < 954) {
                                      return 4;
                                  } else {
                                      if (features[65] < -147) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[1] < -105) {
                                      if (features[45] < -4914) {
                                          return 3;
                                      } else {
                                          if (features[2] < 111) {
                                              if (features[28] < 277) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[40] < -406) {
                                  if (features[50] < 3271) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[29] < -336) {
                                      if (features[10] < -66) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[54] < 3598) {
                                          if (features[5] < 14) {
                                              if (features[31] < -340) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[18] < 14) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[56] < -2702) {
                  if (features[34] < -8771) {
                      return 2;
                  } else {
                      if (features[0] < 1198) {
                          if (features[52] < 4969) {
                              if (features[58] < 1322) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          return 2;
                      }
                  }
              } else {
                  if (features[47] < 1464) {
                      return 6;
                  } else {
                      if (features[12] < -624) {
                          if (features[62] < 979) {
                              if (features[58] < 581) {
                                  return 2;
                              } else {
                                  if (features[55] < 322) {
                                      if (features[39] < 2822) {
                                          if (features[47] < 2570) {
                                              if (features[63] < -372) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              if (features[47] < 2793) {
                                                  if (features[13] < 686) {
                                                      return 2;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  if (features[43] < -738) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[19] < 2) {
                                          if (features[21] < 121) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              if (features[18] < 338) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[59] < 122) {
                              if (features[11] < 67) {
                                  if (features[49] < 2) {
                                      if (features[64] < 591) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[16] < 6) {
                                      if (features[6] < 931) {
                                          if (features[28] < 428) {
                                              return 2;
                                          } else {
                                              if (features[35] < 1229) {
                                                  return 2;
                                              } else {
                                                  if (features[51] < 2873) {
                                                      return 2;
                                                  } else {
                                                      if (features[64] < -674) {
                                                          return 2;
                                                      } else {
                                                          return 2;
                                                      }
                                                  }
                                              }
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[52] < -2018) {
                                          return 1;
                                      } else {
                                          if (features[58] < 589) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[11] < 36) {
                                  if (features[61] < 682) {
                                      if (features[17] < 184) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[28] < 730) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[25] < 605) {
                                      if (features[13] < 824) {
                                          if (features[64] < 388) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[11] < 150) {
                                          return 1;
                                      } else {
                                          if (features[15] < 61) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_21(const int16_t *features, int32_t features_length) {
          if (features[12] < 216) {
              if (features[12] < -202) {
                  if (features[28] < 378) {
                      if (features[11] < 177) {
                          if (features[27] < 6) {
                              if (features[57] < 1618) {
                                  if (features[50] < 1729) {
                                      return 5;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[14] < 266) {
                                      if (features[10] < 102) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              if (features[45] < -2117) {
                                  if (features[58] < 995) {
                                      if (features[47] < 1736) {
                                          return 5;
                                      } else {
                                          if (features[56] < -1458) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[37] < 313) {
                                          return 0;
                                      } else {
                                          return 5;
                                      }
                                  }
                              } else {
                                  if (features[9] < 220) {
                                      if (features[10] < -214) {
                                          return 6;
                                      } else {
                                          if (features[3] < 244) {
                                              if (features[38] < 13) {
                                                  if (features[52] < 326) {
                                                      if (features[64] < 874) {
                                                          return 5;
                                                      } else {
                                                          return 5;
                                                      }
                                                  } else {
                                                      return 0;
                                                  }
                                              } else {
                                                  return 5;
                                              }
                                          } else {
                                              return 6;
                                          }
                                      }
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      } else {
                          if (features[57] < 2495) {
                              if (features[47] < 614) {
                                  return 6;
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[50] < 625) {
                                  return 6;
                              } else {
                                  if (features[2] < 1209) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[57] < 2430) {
                          if (features[57] < 1517) {
                              if (features[5] < 9) {
                                  if (features[28] < 942) {
                                      if (features[45] < -4523) {
                                          return 2;
                                      } else {
                                          if (features[55] < 135) {
                                              if (features[64] < 427) {
                                                  if (features[39] < 921) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[39] < 1601) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[11] < -59) {
                                  if (features[2] < 965) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[2] < 2809) {
                                      if (features[48] < 193) {
                                          if (features[12] < -628) {
                                              return 1;
                                          } else {
                                              if (features[59] < 112) {
                                                  if (features[6] < 675) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          if (features[36] < 1002) {
                                              if (features[37] < 232) {
                                                  if (features[38] < 7) {
                                                      return 2;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  if (features[38] < 9) {
                                                      return 1;
                                                  } else {
                                                      if (features[52] < 1753) {
                                                          return 1;
                                                      } else {
                                                          if (features[33] < 75) {
                                                              return 1;
                                                          } else {
                                                              return 1;
                                                          }
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[2] < 2134) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[37] < 704) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[1] < -3584) {
                              if (features[14] < 889) {
                                  if (features[3] < 1059) {
                                      return 1;
                                  } else {
                                      if (features[11] < 563) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[58] < 920) {
                                  if (features[55] < 110) {
                                      if (features[55] < 7) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[0] < 1198) {
                                      if (features[24] < 267) {
                                          if (features[12] < -801) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[56] < -1494) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[47] < 595) {
                      if (features[3] < 142) {
                          return 5;
                      } else {
                          if (features[38] < 20) {
                              return 6;
                          } else {
                              return 6;
                          }
                      }
                  } else {
                      if (features[24] < 317) {
                          if (features[3] < 265) {
                              if (features[16] < 15) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[12] < -83) {
                                  if (features[47] < 2763) {
                                      return 1;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[23] < -824) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      } else {
                          if (features[13] < 935) {
                              if (features[49] < 4) {
                                  if (features[15] < 33) {
                                      return 5;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  return 6;
                              }
                          } else {
                              if (features[59] < 213) {
                                  return 4;
                              } else {
                                  if (features[24] < 1495) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[17] < 124) {
                  if (features[47] < 609) {
                      return 6;
                  } else {
                      if (features[37] < 235) {
                          if (features[22] < -288) {
                              return 4;
                          } else {
                              if (features[13] < 1314) {
                                  if (features[61] < 259) {
                                      if (features[30] < -36) {
                                          return 3;
                                      } else {
                                          if (features[39] < 534) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          if (features[16] < 21) {
                              if (features[2] < 286) {
                                  if (features[4] < 15) {
                                      return 3;
                                  } else {
                                      if (features[44] < -295) {
                                          return 3;
                                      } else {
                                          if (features[36] < 390) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[33] < 37) {
                                      if (features[40] < -124) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[50] < 1861) {
                                  if (features[65] < -1) {
                                      if (features[3] < 81) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[27] < 5) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[17] < 75) {
                                      return 4;
                                  } else {
                                      if (features[45] < -3993) {
                                          return 3;
                                      } else {
                                          if (features[45] < -3723) {
                                              return 4;
                                          } else {
                                              if (features[50] < 1999) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[16] < 18) {
                      if (features[28] < 181) {
                          return 6;
                      } else {
                          if (features[33] < -6) {
                              if (features[63] < 16) {
                                  if (features[55] < -62) {
                                      return 3;
                                  } else {
                                      if (features[15] < 62) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[3] < 264) {
                                      if (features[38] < 20) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[34] < -1039) {
                                  if (features[56] < -842) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      }
                  } else {
                      if (features[46] < 4650) {
                          if (features[24] < 538) {
                              if (features[5] < 6) {
                                  return 6;
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[3] < 184) {
                                  if (features[11] < 939) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 3;
                              }
                          }
                      } else {
                          if (features[36] < 737) {
                              if (features[12] < 490) {
                                  if (features[55] < 35) {
                                      if (features[10] < -2) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[56] < -718) {
                                      return 3;
                                  } else {
                                      if (features[54] < -1725) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          } else {
                              if (features[3] < 224) {
                                  return 4;
                              } else {
                                  if (features[22] < 146) {
                                      return 4;
                                  } else {
                                      if (features[39] < 1157) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_22(const int16_t *features, int32_t features_length) {
          if (features[49] < 4) {
              if (features[17] < 331) {
                  if (features[3] < 537) {
                      if (features[12] < 165) {
                          if (features[26] < 40) {
                              if (features[24] < 237) {
                                  if (features[6] < 396) {
                                      if (features[46] < 1059) {
                                          return 5;
                                      } else {
                                          if (features[5] < 10) {
                                              return 0;
                                          } else {
                                              if (features[36] < 559) {
                                                  return 0;
                                              } else {
                                                  return 0;
                                              }
                                          }
                                      }
                                  } else {
                                      return 6;
                                  }
                              } else {
                                  if (features[4] < 29) {
                                      return 5;
                                  } else {
                                      if (features[45] < -1508) {
                                          return 0;
                                      } else {
                                          return 6;
                                      }
                                  }
                              }
                          } else {
                              if (features[14] < 178) {
                                  if (features[3] < 125) {
                                      return 5;
                                  } else {
                                      if (features[28] < 170) {
                                          if (features[33] < 25) {
                                              return 6;
                                          } else {
                                              return 6;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[45] < -1808) {
                                      if (features[16] < 20) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 5;
                                  }
                              }
                          }
                      } else {
                          if (features[12] < 629) {
                              if (features[13] < 1112) {
                                  if (features[36] < 504) {
                                      if (features[0] < 860) {
                                          if (features[34] < -1389) {
                                              return 6;
                                          } else {
                                              return 6;
                                          }
                                      } else {
                                          return 0;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[16] < 18) {
                                      if (features[0] < -402) {
                                          return 6;
                                      } else {
                                          if (features[27] < 9) {
                                              if (features[33] < -9) {
                                                  if (features[3] < 212) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[11] < 968) {
                                          if (features[45] < -2926) {
                                              if (features[12] < 374) {
                                                  return 3;
                                              } else {
                                                  if (features[17] < 124) {
                                                      return 4;
                                                  } else {
                                                      if (features[59] < 151) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[47] < 1624) {
                                                  return 4;
                                              } else {
                                                  if (features[1] < 92) {
                                                      return 4;
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[18] < -38) {
                                              return 4;
                                          } else {
                                              if (features[10] < -126) {
                                                  return 4;
                                              } else {
                                                  if (features[38] < 32) {
                                                      if (features[47] < 2295) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[33] < 32) {
                                  if (features[32] < 373) {
                                      if (features[31] < -214) {
                                          if (features[13] < 1255) {
                                              if (features[46] < 3155) {
                                                  return 3;
                                              } else {
                                                  if (features[25] < 268) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          } else {
                                              if (features[52] < 2215) {
                                                  if (features[63] < 142) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[0] < 0) {
                                              if (features[3] < 106) {
                                                  if (features[42] < 188) {
                                                      if (features[22] < 25) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[21] < 72) {
                                                  if (features[23] < -568) {
                                                      if (features[2] < 340) {
                                                          if (features[1] < -136) {
                                                              return 4;
                                                          } else {
                                                              if (features[61] < 288) {
                                                                  return 3;
                                                              } else {
                                                                  return 3;
                                                              }
                                                          }
                                                      } else {
                                                          if (features[52] < -2060) {
                                                              return 3;
                                                          } else {
                                                              return 3;
                                                          }
                                                      }
                                                  } else {
                                                      if (features[56] < -401) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[15] < 51) {
                                          return 4;
                                      } else {
                                          if (features[42] < -1) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              } else {
                                  if (features[37] < 236) {
                                      if (features[19] < -42) {
                                          return 3;
                                      } else {
                                          if (features[26] < 42) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[24] < 567) {
                                          if (features[30] < -15) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[4] < 25) {
                                              return 4;
                                          } else {
                                              if (features[55] < -42) {
                                                  return 4;
                                              } else {
                                                  if (features[56] < -1344) {
                                                      return 4;
                                                  } else {
                                                      if (features[39] < 542) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[13] < 609) {
                          if (features[11] < 104) {
                              if (features[13] < 397) {
                                  if (features[56] < -595) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[26] < 95) {
                                      if (features[35] < 1131) {
                                          return 1;
                                      } else {
                                          if (features[5] < 3) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[36] < 559) {
                                  return 1;
                              } else {
                                  if (features[16] < 10) {
                                      if (features[44] < 131) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[6] < 860) {
                              if (features[47] < 2740) {
                                  if (features[23] < -1257) {
                                      if (features[41] < 279) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[50] < 3074) {
                                      return 1;
                                  } else {
                                      if (features[55] < -92) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          } else {
                              if (features[39] < 1503) {
                                  if (features[37] < 236) {
                                      return 2;
                                  } else {
                                      if (features[7] < 752) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[10] < 609) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[5] < 5) {
                      if (features[61] < 1621) {
                          if (features[27] < 1) {
                              if (features[7] < -670) {
                                  return 2;
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[46] < 4096) {
                                  if (features[33] < 149) {
                                      if (features[58] < 1015) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[39] < 1356) {
                                      if (features[55] < -221) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[26] < 72) {
                                          return 2;
                                      } else {
                                          if (features[46] < 6671) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[49] < 1) {
                              if (features[63] < 83) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          } else {
                              return 1;
                          }
                      }
                  } else {
                      if (features[24] < 1841) {
                          if (features[6] < 563) {
                              if (features[49] < 2) {
                                  return 4;
                              } else {
                                  return 5;
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[36] < 892) {
                              return 1;
                          } else {
                              return 2;
                          }
                      }
                  }
              }
          } else {
              if (features[11] < 107) {
                  if (features[10] < -125) {
                      if (features[32] < 7) {
                          return 6;
                      } else {
                          return 6;
                      }
                  } else {
                      if (features[33] < 146) {
                          if (features[37] < 174) {
                              return 5;
                          } else {
                              if (features[27] < 6) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          return 0;
                      }
                  }
              } else {
                  if (features[23] < -429) {
                      if (features[13] < 1925) {
                          if (features[17] < 468) {
                              if (features[6] < 231) {
                                  if (features[47] < 855) {
                                      return 5;
                                  } else {
                                      if (features[44] < 30) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[3] < 329) {
                                      if (features[19] < 48) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[20] < 768) {
                              return 2;
                          } else {
                              return 2;
                          }
                      }
                  } else {
                      if (features[6] < 258) {
                          if (features[59] < 157) {
                              if (features[61] < 798) {
                                  return 3;
                              } else {
                                  return 4;
                              }
                          } else {
                              return 5;
                          }
                      } else {
                          return 6;
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_23(const int16_t *features, int32_t features_length) {
          if (features[50] < 1076) {
              if (features[38] < 15) {
                  if (features[11] < 39) {
                      if (features[37] < 161) {
                          return 5;
                      } else {
                          return 5;
                      }
                  } else {
                      if (features[14] < 77) {
                          return 0;
                      } else {
                          if (features[56] < -3048) {
                              return 1;
                          } else {
                              if (features[27] < 6) {
                                  if (features[47] < 699) {
                                      return 6;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[47] < 682) {
                                      if (features[6] < 254) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      return 0;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[11] < 192) {
                      if (features[3] < 242) {
                          return 5;
                      } else {
                          return 5;
                      }
                  } else {
                      if (features[35] < 1810) {
                          if (features[45] < -1279) {
                              return 6;
                          } else {
                              return 6;
                          }
                      } else {
                          return 1;
                      }
                  }
              }
          } else {
              if (features[11] < 659) {
                  if (features[26] < 40) {
                      if (features[13] < 694) {
                          if (features[28] < 264) {
                              return 0;
                          } else {
                              return 2;
                          }
                      } else {
                          if (features[16] < 5) {
                              return 1;
                          } else {
                              return 6;
                          }
                      }
                  } else {
                      if (features[57] < 2222) {
                          if (features[12] < -183) {
                              if (features[3] < 366) {
                                  if (features[64] < 297) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  if (features[26] < 92) {
                                      if (features[13] < 643) {
                                          if (features[36] < 565) {
                                              if (features[3] < 797) {
                                                  if (features[1] < -1174) {
                                                      return 1;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[28] < 646) {
                                                  if (features[33] < -125) {
                                                      if (features[15] < 52) {
                                                          return 2;
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          if (features[6] < 801) {
                                              if (features[15] < 57) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[46] < 4780) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[2] < 2809) {
                                          if (features[14] < 170) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[10] < 473) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[23] < -964) {
                                  return 1;
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[47] < 3376) {
                              if (features[15] < 33) {
                                  if (features[33] < 118) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[4] < 38) {
                                      return 4;
                                  } else {
                                      if (features[2] < 1052) {
                                          return 1;
                                      } else {
                                          if (features[13] < 891) {
                                              if (features[24] < 372) {
                                                  return 2;
                                              } else {
                                                  if (features[14] < 229) {
                                                      return 2;
                                                  } else {
                                                      if (features[24] < 769) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[48] < 156) {
                                                  if (features[56] < -4020) {
                                                      return 1;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[58] < 1192) {
                                  if (features[14] < 446) {
                                      return 2;
                                  } else {
                                      if (features[37] < 520) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[14] < 637) {
                                      return 2;
                                  } else {
                                      if (features[41] < 785) {
                                          if (features[11] < 428) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[33] < 40) {
                      if (features[28] < 271) {
                          if (features[58] < 680) {
                              if (features[3] < 83) {
                                  if (features[21] < 54) {
                                      return 3;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 3;
                              }
                          } else {
                              return 4;
                          }
                      } else {
                          if (features[46] < 4650) {
                              if (features[8] < -141) {
                                  if (features[58] < 396) {
                                      if (features[63] < 48) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[39] < 515) {
                                      if (features[4] < 32) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[16] < 31) {
                                          if (features[24] < 525) {
                                              if (features[32] < -79) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[47] < 2024) {
                                                  return 4;
                                              } else {
                                                  if (features[10] < -61) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[58] < 276) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[16] < 17) {
                                  if (features[15] < 148) {
                                      if (features[11] < 962) {
                                          if (features[65] < 717) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[6] < 244) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[36] < 2849) {
                                          if (features[27] < 5) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[60] < 5) {
                                      if (features[18] < -12) {
                                          return 4;
                                      } else {
                                          if (features[54] < 3892) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[33] < 11) {
                                          if (features[11] < 953) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          if (features[42] < -166) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[28] < 303) {
                          if (features[39] < 751) {
                              if (features[25] < 220) {
                                  if (features[21] < 20) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[1] < -105) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[46] < 6175) {
                                  return 3;
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[2] < 1222) {
                              if (features[11] < 969) {
                                  if (features[23] < -1346) {
                                      return 4;
                                  } else {
                                      if (features[0] < 332) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[8] < 94) {
                                      if (features[31] < 44) {
                                          if (features[5] < 7) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[23] < -868) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              return 2;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_24(const int16_t *features, int32_t features_length) {
          if (features[47] < 862) {
              if (features[5] < 6) {
                  if (features[3] < 218) {
                      if (features[4] < 21) {
                          if (features[59] < 66) {
                              return 0;
                          } else {
                              return 0;
                          }
                      } else {
                          if (features[56] < -2579) {
                              return 5;
                          } else {
                              return 5;
                          }
                      }
                  } else {
                      if (features[23] < -429) {
                          if (features[0] < 667) {
                              if (features[16] < 3) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[62] < -1460) {
                              return 5;
                          } else {
                              if (features[61] < 1324) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  }
              } else {
                  if (features[26] < 15) {
                      return 0;
                  } else {
                      if (features[38] < 7) {
                          return 6;
                      } else {
                          if (features[7] < 118) {
                              if (features[10] < -111) {
                                  return 6;
                              } else {
                                  if (features[38] < 10) {
                                      if (features[58] < 311) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  } else {
                                      if (features[9] < 99) {
                                          return 5;
                                      } else {
                                          return 5;
                                      }
                                  }
                              }
                          } else {
                              return 6;
                          }
                      }
                  }
              }
          } else {
              if (features[2] < 824) {
                  if (features[2] < -402) {
                      if (features[16] < 17) {
                          if (features[57] < 1846) {
                              return 0;
                          } else {
                              return 0;
                          }
                      } else {
                          if (features[61] < 1202) {
                              return 5;
                          } else {
                              return 5;
                          }
                      }
                  } else {
                      if (features[58] < 484) {
                          if (features[3] < 105) {
                              if (features[24] < 563) {
                                  if (features[38] < 19) {
                                      if (features[11] < 952) {
                                          if (features[51] < 2096) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[20] < 39) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[46] < 2871) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[39] < 545) {
                                      return 4;
                                  } else {
                                      if (features[59] < 106) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          } else {
                              if (features[13] < 794) {
                                  if (features[3] < 737) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[36] < 564) {
                                      if (features[57] < 446) {
                                          if (features[47] < 2132) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[18] < 54) {
                                              if (features[18] < -41) {
                                                  if (features[20] < 30) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[23] < -409) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[18] < -24) {
                                          if (features[33] < 68) {
                                              if (features[51] < 1851) {
                                                  if (features[56] < -838) {
                                                      return 4;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[40] < 573) {
                                              if (features[47] < 2961) {
                                                  if (features[10] < -78) {
                                                      if (features[63] < -20) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      if (features[28] < 449) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[6] < 441) {
                              if (features[27] < 8) {
                                  if (features[25] < 242) {
                                      if (features[41] < -126) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[16] < 27) {
                                          if (features[7] < -246) {
                                              return 4;
                                          } else {
                                              if (features[6] < 273) {
                                                  if (features[45] < -2639) {
                                                      if (features[59] < 156) {
                                                          return 4;
                                                      } else {
                                                          if (features[7] < 30) {
                                                              return 4;
                                                          } else {
                                                              return 4;
                                                          }
                                                      }
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  if (features[36] < 710) {
                                                      if (features[48] < 333) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[33] < 86) {
                                      if (features[48] < 186) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[14] < 451) {
                                  if (features[36] < 568) {
                                      if (features[50] < 3202) {
                                          return 6;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[22] < 30) {
                                          if (features[64] < -848) {
                                              return 1;
                                          } else {
                                              if (features[23] < -1191) {
                                                  if (features[52] < 3369) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[39] < 2874) {
                                      if (features[1] < -3782) {
                                          return 2;
                                      } else {
                                          if (features[29] < -762) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      if (features[6] < 1316) {
                                          return 1;
                                      } else {
                                          if (features[64] < 181) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[25] < 175) {
                      if (features[50] < 1798) {
                          if (features[33] < 113) {
                              return 0;
                          } else {
                              return 0;
                          }
                      } else {
                          return 0;
                      }
                  } else {
                      if (features[60] < 3) {
                          if (features[17] < 354) {
                              if (features[1] < -1027) {
                                  if (features[45] < -4343) {
                                      if (features[35] < 1586) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[5] < 4) {
                                      if (features[51] < -2285) {
                                          if (features[60] < 2) {
                                              return 2;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[59] < 115) {
                                  if (features[58] < 1305) {
                                      return 1;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[12] < -482) {
                                      if (features[42] < -1448) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[22] < 180) {
                              if (features[11] < 2) {
                                  if (features[48] < 301) {
                                      if (features[46] < 4135) {
                                          return 2;
                                      } else {
                                          if (features[42] < -811) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[38] < 8) {
                                      if (features[14] < 294) {
                                          if (features[15] < 40) {
                                              return 2;
                                          } else {
                                              if (features[55] < 54) {
                                                  if (features[25] < 613) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          if (features[47] < 4331) {
                                              if (features[12] < -522) {
                                                  if (features[28] < 815) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[3] < 406) {
                                          if (features[45] < -7090) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          if (features[59] < 122) {
                                              if (features[58] < 517) {
                                                  if (features[56] < -838) {
                                                      if (features[0] < -276) {
                                                          return 2;
                                                      } else {
                                                          return 2;
                                                      }
                                                  } else {
                                                      return 1;
                                                  }
                                              } else {
                                                  if (features[18] < -255) {
                                                      return 2;
                                                  } else {
                                                      if (features[64] < -958) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[28] < 1265) {
                                                  if (features[51] < 4080) {
                                                      if (features[52] < -4371) {
                                                          return 1;
                                                      } else {
                                                          if (features[63] < 1052) {
                                                              return 1;
                                                          } else {
                                                              return 1;
                                                          }
                                                      }
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[32] < 163) {
                                  return 3;
                              } else {
                                  return 4;
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_25(const int16_t *features, int32_t features_length) {
          if (features[45] < -2593) {
              if (features[58] < 1009) {
                  if (features[3] < 503) {
                      if (features[39] < 552) {
                          if (features[53] < -2938) {
                              return 4;
                          } else {
                              if (features[58] < 675) {
                                  if (features[3] < 102) {
                                      if (features[25] < 227) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[61] < 569) {
                              if (features[16] < 21) {
                                  if (features[10] < 179) {
                                      if (features[24] < 247) {
                                          return 3;
                                      } else {
                                          if (features[37] < 263) {
                                              if (features[28] < 321) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[45] < -6183) {
                                                  return 3;
                                              } else {
                                                  if (features[28] < 394) {
                                                      return 4;
                                                  } else {
                                                      if (features[64] < -37) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[6] < 128) {
                                      if (features[55] < 88) {
                                          if (features[58] < 343) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[12] < -30) {
                                          return 5;
                                      } else {
                                          if (features[11] < 951) {
                                              if (features[65] < 62) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              if (features[12] < 811) {
                                                  if (features[65] < 339) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[14] < 102) {
                                  if (features[61] < 883) {
                                      if (features[53] < -393) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[33] < -54) {
                                      if (features[6] < 285) {
                                          if (features[64] < -22) {
                                              if (features[51] < 2431) {
                                                  if (features[38] < 23) {
                                                      return 4;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              if (features[26] < 94) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[44] < 458) {
                                              if (features[44] < -271) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[13] < 1090) {
                                          return 6;
                                      } else {
                                          if (features[39] < 648) {
                                              return 4;
                                          } else {
                                              if (features[0] < 426) {
                                                  if (features[46] < 7845) {
                                                      if (features[53] < 3821) {
                                                          if (features[29] < 490) {
                                                              return 4;
                                                          } else {
                                                              return 4;
                                                          }
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      if (features[19] < -6) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[1] < -1822) {
                          if (features[25] < 1122) {
                              if (features[61] < 976) {
                                  return 2;
                              } else {
                                  return 2;
                              }
                          } else {
                              return 2;
                          }
                      } else {
                          if (features[60] < 9) {
                              if (features[16] < 5) {
                                  if (features[23] < -1266) {
                                      if (features[63] < -637) {
                                          return 2;
                                      } else {
                                          if (features[34] < -1487) {
                                              if (features[52] < -2253) {
                                                  if (features[32] < -522) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  if (features[0] < -331) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[35] < 2192) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[59] < 129) {
                                      if (features[17] < 242) {
                                          if (features[37] < 232) {
                                              if (features[36] < 547) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[56] < -679) {
                                                  if (features[50] < 2921) {
                                                      return 1;
                                                  } else {
                                                      if (features[11] < 51) {
                                                          return 2;
                                                      } else {
                                                          return 1;
                                                      }
                                                  }
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          if (features[25] < 577) {
                                              if (features[48] < 191) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      if (features[6] < 1076) {
                                          if (features[12] < -220) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[55] < -200) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[20] < 240) {
                                  if (features[58] < 469) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 2;
                              }
                          }
                      }
                  }
              } else {
                  if (features[3] < 464) {
                      if (features[24] < 408) {
                          return 0;
                      } else {
                          if (features[22] < 248) {
                              return 5;
                          } else {
                              return 4;
                          }
                      }
                  } else {
                      if (features[25] < 866) {
                          if (features[13] < 990) {
                              if (features[46] < 4299) {
                                  if (features[12] < -624) {
                                      return 1;
                                  } else {
                                      if (features[59] < 116) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[50] < 3573) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              if (features[2] < 2952) {
                                  if (features[31] < 614) {
                                      return 1;
                                  } else {
                                      if (features[14] < 634) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[36] < 984) {
                              return 1;
                          } else {
                              if (features[17] < 1195) {
                                  if (features[22] < -231) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[3] < 228) {
                  if (features[47] < 921) {
                      if (features[34] < -880) {
                          if (features[38] < 9) {
                              return 0;
                          } else {
                              if (features[58] < 159) {
                                  return 3;
                              } else {
                                  if (features[44] < 229) {
                                      if (features[52] < -959) {
                                          if (features[8] < 6) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      } else {
                                          if (features[18] < -151) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      }
                                  } else {
                                      return 5;
                                  }
                              }
                          }
                      } else {
                          if (features[4] < 16) {
                              if (features[37] < 109) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          } else {
                              if (features[57] < 928) {
                                  return 5;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      if (features[24] < 228) {
                          if (features[58] < 625) {
                              return 3;
                          } else {
                              if (features[57] < 1332) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[26] < 40) {
                              if (features[45] < -2422) {
                                  return 0;
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[28] < 264) {
                                  return 3;
                              } else {
                                  if (features[34] < -1266) {
                                      if (features[2] < 261) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[56] < -2902) {
                      if (features[3] < 459) {
                          if (features[3] < 244) {
                              return 5;
                          } else {
                              return 5;
                          }
                      } else {
                          return 1;
                      }
                  } else {
                      if (features[61] < 1351) {
                          if (features[43] < -727) {
                              return 6;
                          } else {
                              return 6;
                          }
                      } else {
                          return 0;
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_26(const int16_t *features, int32_t features_length) {
          if (features[17] < 318) {
              if (features[45] < -1987) {
                  if (features[37] < 389) {
                      if (features[3] < 532) {
                          if (features[61] < 1065) {
                              if (features[11] < 594) {
                                  if (features[22] < -392) {
                                      if (features[59] < 77) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  if (features[36] < 506) {
                                      if (features[3] < 114) {
                                          if (features[24] < 576) {
                                              if (features[25] < 234) {
                                                  if (features[47] < 1581) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  if (features[17] < 90) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          } else {
                                              if (features[28] < 264) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[10] < 76) {
                                              return 3;
                                          } else {
                                              if (features[33] < 17) {
                                                  return 3;
                                              } else {
                                                  if (features[39] < 501) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[11] < 994) {
                                          if (features[2] < 492) {
                                              if (features[33] < -63) {
                                                  if (features[3] < 189) {
                                                      if (features[25] < 252) {
                                                          return 3;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  if (features[60] < 11) {
                                                      if (features[14] < 72) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          } else {
                                              if (features[13] < 1278) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          if (features[0] < 146) {
                                              if (features[29] < -38) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[25] < 232) {
                                  if (features[33] < 85) {
                                      return 6;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[46] < 4733) {
                              if (features[50] < 2089) {
                                  return 6;
                              } else {
                                  if (features[15] < 40) {
                                      if (features[10] < 928) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[12] < -298) {
                                          if (features[46] < 4386) {
                                              if (features[47] < 2819) {
                                                  if (features[40] < 505) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[11] < 15) {
                                                  return 2;
                                              } else {
                                                  if (features[61] < 661) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              if (features[64] < -713) {
                                  return 2;
                              } else {
                                  if (features[8] < -1429) {
                                      return 2;
                                  } else {
                                      if (features[43] < -496) {
                                          if (features[31] < 701) {
                                              if (features[26] < 68) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[1] < -1922) {
                          return 2;
                      } else {
                          if (features[12] < -98) {
                              if (features[6] < 318) {
                                  return 5;
                              } else {
                                  if (features[39] < 1736) {
                                      if (features[58] < 490) {
                                          return 2;
                                      } else {
                                          if (features[47] < 3442) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              if (features[14] < 79) {
                                  if (features[12] < 677) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[45] < -4354) {
                                      if (features[25] < 408) {
                                          if (features[58] < 446) {
                                              if (features[3] < 141) {
                                                  return 4;
                                              } else {
                                                  if (features[11] < 976) {
                                                      return 4;
                                                  } else {
                                                      if (features[52] < 3371) {
                                                          return 3;
                                                      } else {
                                                          return 3;
                                                      }
                                                  }
                                              }
                                          } else {
                                              if (features[47] < 2274) {
                                                  return 3;
                                              } else {
                                                  if (features[59] < 147) {
                                                      if (features[25] < 253) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 3;
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[36] < 549) {
                                              return 3;
                                          } else {
                                              if (features[8] < 191) {
                                                  if (features[57] < 3042) {
                                                      if (features[35] < 2210) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  if (features[22] < 224) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[24] < 495) {
                                          return 3;
                                      } else {
                                          if (features[46] < 6252) {
                                              if (features[45] < -4160) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[3] < 215) {
                      if (features[50] < 1054) {
                          if (features[12] < -48) {
                              if (features[16] < 8) {
                                  if (features[38] < 11) {
                                      return 0;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[61] < 588) {
                                  return 0;
                              } else {
                                  return 0;
                              }
                          }
                      } else {
                          if (features[58] < 528) {
                              if (features[13] < 650) {
                                  return 5;
                              } else {
                                  if (features[19] < 36) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[28] < 205) {
                          if (features[37] < 259) {
                              return 6;
                          } else {
                              return 6;
                          }
                      } else {
                          return 6;
                      }
                  }
              }
          } else {
              if (features[4] < 170) {
                  if (features[45] < -816) {
                      if (features[38] < 23) {
                          if (features[14] < 369) {
                              if (features[35] < 1760) {
                                  if (features[10] < 802) {
                                      if (features[12] < -609) {
                                          return 1;
                                      } else {
                                          if (features[61] < 1451) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[59] < 116) {
                                      if (features[45] < -4585) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[12] < -329) {
                                          if (features[6] < 582) {
                                              return 5;
                                          } else {
                                              if (features[9] < -873) {
                                                  return 1;
                                              } else {
                                                  if (features[45] < -4050) {
                                                      return 1;
                                                  } else {
                                                      return 1;
                                                  }
                                              }
                                          }
                                      } else {
                                          return 1;
                                      }
                                  }
                              }
                          } else {
                              if (features[17] < 440) {
                                  return 1;
                              } else {
                                  if (features[14] < 436) {
                                      if (features[12] < -362) {
                                          if (features[57] < 2441) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[53] < -81) {
                              return 1;
                          } else {
                              return 5;
                          }
                      }
                  } else {
                      return 5;
                  }
              } else {
                  if (features[23] < -4085) {
                      if (features[59] < 331) {
                          return 1;
                      } else {
                          if (features[34] < -7888) {
                              return 1;
                          } else {
                              return 1;
                          }
                      }
                  } else {
                      if (features[17] < 1034) {
                          return 2;
                      } else {
                          return 2;
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_27(const int16_t *features, int32_t features_length) {
          if (features[6] < 570) {
              if (features[47] < 862) {
                  if (features[5] < 6) {
                      if (features[3] < 243) {
                          if (features[56] < -2118) {
                              return 5;
                          } else {
                              if (features[4] < 26) {
                                  if (features[38] < 11) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  return 6;
                              }
                          }
                      } else {
                          if (features[22] < -109) {
                              return 5;
                          } else {
                              return 6;
                          }
                      }
                  } else {
                      if (features[11] < 171) {
                          if (features[6] < 233) {
                              return 5;
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[17] < 87) {
                              return 0;
                          } else {
                              if (features[4] < 40) {
                                  return 4;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  }
              } else {
                  if (features[25] < 180) {
                      if (features[16] < 17) {
                          if (features[26] < 37) {
                              if (features[11] < 393) {
                                  if (features[58] < 687) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[59] < 64) {
                                      return 3;
                                  } else {
                                      return 6;
                                  }
                              }
                          } else {
                              if (features[13] < 745) {
                                  return 0;
                              } else {
                                  if (features[15] < 71) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      } else {
                          if (features[11] < 756) {
                              if (features[17] < 170) {
                                  if (features[60] < 3) {
                                      return 0;
                                  } else {
                                      return 5;
                                  }
                              } else {
                                  return 6;
                              }
                          } else {
                              if (features[23] < -626) {
                                  return 3;
                              } else {
                                  if (features[48] < 199) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[28] < 286) {
                          if (features[11] < 451) {
                              if (features[10] < -12) {
                                  return 0;
                              } else {
                                  return 5;
                              }
                          } else {
                              if (features[18] < 38) {
                                  if (features[37] < 275) {
                                      if (features[20] < -46) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[48] < 243) {
                                          if (features[46] < 3479) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[36] < 368) {
                                      if (features[33] < -8) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[52] < -1717) {
                                          return 3;
                                      } else {
                                          if (features[27] < 5) {
                                              return 4;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[61] < 591) {
                              if (features[2] < -469) {
                                  return 5;
                              } else {
                                  if (features[6] < 133) {
                                      if (features[38] < 10) {
                                          return 3;
                                      } else {
                                          if (features[45] < -4202) {
                                              return 4;
                                          } else {
                                              if (features[61] < 516) {
                                                  if (features[24] < 443) {
                                                      return 3;
                                                  } else {
                                                      return 4;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[11] < 971) {
                                          if (features[11] < 901) {
                                              return 3;
                                          } else {
                                              if (features[23] < -1191) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          if (features[38] < 13) {
                                              return 4;
                                          } else {
                                              if (features[14] < 70) {
                                                  return 4;
                                              } else {
                                                  if (features[33] < 100) {
                                                      if (features[52] < 3939) {
                                                          if (features[4] < 34) {
                                                              return 3;
                                                          } else {
                                                              return 3;
                                                          }
                                                      } else {
                                                          return 3;
                                                      }
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[3] < 252) {
                                  if (features[24] < 309) {
                                      return 3;
                                  } else {
                                      if (features[26] < 147) {
                                          if (features[11] < 971) {
                                              if (features[35] < 1422) {
                                                  return 4;
                                              } else {
                                                  if (features[65] < -899) {
                                                      if (features[7] < 19) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  } else {
                                                      return 4;
                                                  }
                                              }
                                          } else {
                                              if (features[37] < 632) {
                                                  if (features[45] < -5641) {
                                                      return 4;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[50] < 3281) {
                                      if (features[20] < -143) {
                                          return 1;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[3] < 408) {
                                          if (features[25] < 420) {
                                              return 3;
                                          } else {
                                              if (features[23] < -1387) {
                                                  return 4;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      }
                  }
              }
          } else {
              if (features[17] < 318) {
                  if (features[23] < -660) {
                      if (features[17] < 222) {
                          if (features[12] < -177) {
                              if (features[57] < 1517) {
                                  if (features[59] < 149) {
                                      if (features[11] < 80) {
                                          return 2;
                                      } else {
                                          if (features[37] < 192) {
                                              return 2;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  if (features[11] < -1) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              return 1;
                          }
                      } else {
                          if (features[37] < 192) {
                              return 2;
                          } else {
                              if (features[28] < 662) {
                                  if (features[1] < -1019) {
                                      if (features[56] < -1115) {
                                          if (features[26] < 54) {
                                              return 1;
                                          } else {
                                              if (features[10] < -860) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      } else {
                                          if (features[62] < -153) {
                                              return 2;
                                          } else {
                                              return 1;
                                          }
                                      }
                                  } else {
                                      if (features[8] < 700) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[26] < 92) {
                                      return 2;
                                  } else {
                                      if (features[47] < 4171) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  }
                              }
                          }
                      }
                  } else {
                      if (features[25] < 187) {
                          return 6;
                      } else {
                          return 6;
                      }
                  }
              } else {
                  if (features[48] < 480) {
                      if (features[17] < 408) {
                          if (features[47] < 2375) {
                              if (features[57] < 2677) {
                                  if (features[34] < -1997) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[29] < -554) {
                                  if (features[16] < 3) {
                                      return 2;
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[6] < 881) {
                                      if (features[46] < 4713) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      return 1;
                                  }
                              }
                          }
                      } else {
                          if (features[41] < -86) {
                              if (features[59] < 123) {
                                  return 1;
                              } else {
                                  if (features[24] < 1479) {
                                      return 1;
                                  } else {
                                      return 1;
                                  }
                              }
                          } else {
                              return 1;
                          }
                      }
                  } else {
                      if (features[14] < 727) {
                          if (features[39] < 1254) {
                              return 1;
                          } else {
                              return 2;
                          }
                      } else {
                          if (features[30] < 901) {
                              if (features[44] < -787) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          } else {
                              return 2;
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_28(const int16_t *features, int32_t features_length) {
          if (features[25] < 162) {
              if (features[38] < 15) {
                  if (features[49] < 4) {
                      if (features[11] < 349) {
                          if (features[33] < 44) {
                              if (features[28] < 104) {
                                  return 0;
                              } else {
                                  if (features[42] < 180) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              if (features[33] < 131) {
                                  if (features[47] < 620) {
                                      return 5;
                                  } else {
                                      if (features[37] < 122) {
                                          return 0;
                                      } else {
                                          return 0;
                                      }
                                  }
                              } else {
                                  if (features[22] < 23) {
                                      return 0;
                                  } else {
                                      return 0;
                                  }
                              }
                          }
                      } else {
                          if (features[59] < 55) {
                              if (features[39] < 508) {
                                  return 3;
                              } else {
                                  return 3;
                              }
                          } else {
                              if (features[36] < 515) {
                                  return 6;
                              } else {
                                  return 6;
                              }
                          }
                      }
                  } else {
                      if (features[11] < 51) {
                          if (features[63] < 134) {
                              if (features[31] < 13) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          } else {
                              return 5;
                          }
                      } else {
                          if (features[23] < -536) {
                              return 0;
                          } else {
                              if (features[56] < -2814) {
                                  return 6;
                              } else {
                                  if (features[43] < 652) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[13] < 720) {
                      if (features[10] < -162) {
                          return 6;
                      } else {
                          if (features[3] < 242) {
                              if (features[17] < 90) {
                                  return 0;
                              } else {
                                  if (features[33] < 152) {
                                      return 5;
                                  } else {
                                      return 5;
                                  }
                              }
                          } else {
                              return 6;
                          }
                      }
                  } else {
                      if (features[12] < 518) {
                          if (features[59] < 140) {
                              return 6;
                          } else {
                              if (features[6] < 244) {
                                  return 5;
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[41] < -318) {
                              return 3;
                          } else {
                              return 3;
                          }
                      }
                  }
              }
          } else {
              if (features[3] < 507) {
                  if (features[50] < 1116) {
                      if (features[19] < 103) {
                          if (features[24] < 296) {
                              return 0;
                          } else {
                              if (features[10] < 39) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          return 4;
                      }
                  } else {
                      if (features[25] < 229) {
                          if (features[16] < 8) {
                              return 0;
                          } else {
                              if (features[33] < 59) {
                                  if (features[3] < 87) {
                                      if (features[46] < 2721) {
                                          if (features[56] < -724) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[63] < -549) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              } else {
                                  if (features[14] < 65) {
                                      return 3;
                                  } else {
                                      if (features[10] < 27) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      } else {
                          if (features[11] < 975) {
                              if (features[11] < 289) {
                                  return 5;
                              } else {
                                  if (features[0] < 330) {
                                      if (features[46] < 7100) {
                                          if (features[26] < 41) {
                                              return 3;
                                          } else {
                                              if (features[25] < 239) {
                                                  return 4;
                                              } else {
                                                  if (features[45] < -5036) {
                                                      if (features[35] < 2017) {
                                                          return 4;
                                                      } else {
                                                          if (features[38] < 25) {
                                                              return 4;
                                                          } else {
                                                              return 3;
                                                          }
                                                      }
                                                  } else {
                                                      if (features[12] < -201) {
                                                          return 4;
                                                      } else {
                                                          return 4;
                                                      }
                                                  }
                                              }
                                          }
                                      } else {
                                          if (features[48] < 396) {
                                              if (features[47] < 2340) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          } else {
                                              return 4;
                                          }
                                      }
                                  } else {
                                      if (features[14] < 105) {
                                          return 3;
                                      } else {
                                          if (features[23] < -797) {
                                              return 3;
                                          } else {
                                              return 4;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[22] < -87) {
                                  if (features[24] < 452) {
                                      return 3;
                                  } else {
                                      if (features[1] < -358) {
                                          if (features[14] < 70) {
                                              return 4;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  if (features[52] < 3366) {
                                      if (features[40] < 323) {
                                          if (features[30] < -447) {
                                              return 3;
                                          } else {
                                              if (features[65] < 393) {
                                                  if (features[32] < -297) {
                                                      return 3;
                                                  } else {
                                                      return 3;
                                                  }
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          if (features[60] < 9) {
                                              if (features[51] < 1920) {
                                                  return 4;
                                              } else {
                                                  return 3;
                                              }
                                          } else {
                                              return 3;
                                          }
                                      }
                                  } else {
                                      if (features[1] < -724) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[15] < 45) {
                      if (features[24] < 730) {
                          if (features[57] < 1531) {
                              if (features[65] < -525) {
                                  return 2;
                              } else {
                                  if (features[12] < -242) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              }
                          } else {
                              if (features[57] < 2856) {
                                  if (features[2] < 1483) {
                                      if (features[1] < -910) {
                                          return 2;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          return 2;
                      }
                  } else {
                      if (features[11] < 41) {
                          if (features[12] < -986) {
                              if (features[14] < 282) {
                                  return 1;
                              } else {
                                  return 1;
                              }
                          } else {
                              if (features[59] < 148) {
                                  if (features[37] < 228) {
                                      return 2;
                                  } else {
                                      if (features[31] < -693) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  return 2;
                              }
                          }
                      } else {
                          if (features[48] < 473) {
                              if (features[12] < -669) {
                                  if (features[10] < 1042) {
                                      if (features[50] < 2422) {
                                          if (features[37] < 354) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 1;
                                  }
                              } else {
                                  if (features[57] < 1368) {
                                      if (features[12] < -245) {
                                          if (features[58] < 552) {
                                              if (features[39] < 820) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      if (features[50] < 2721) {
                                          if (features[11] < 407) {
                                              if (features[59] < 129) {
                                                  return 2;
                                              } else {
                                                  return 6;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[26] < 121) {
                                              return 1;
                                          } else {
                                              return 2;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[58] < 1602) {
                                  if (features[23] < -4023) {
                                      if (features[6] < 1174) {
                                          return 1;
                                      } else {
                                          return 2;
                                      }
                                  } else {
                                      if (features[6] < 1105) {
                                          return 2;
                                      } else {
                                          return 2;
                                      }
                                  }
                              } else {
                                  if (features[50] < 6089) {
                                      if (features[43] < 56) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  } else {
                                      return 2;
                                  }
                              }
                          }
                      }
                  }
              }
          }
        }
        

static inline int32_t mytree_tree_29(const int16_t *features, int32_t features_length) {
          if (features[12] < 148) {
              if (features[5] < 8) {
                  if (features[3] < 508) {
                      if (features[47] < 628) {
                          if (features[58] < 1147) {
                              if (features[37] < 235) {
                                  if (features[48] < 53) {
                                      return 6;
                                  } else {
                                      if (features[3] < 235) {
                                          return 6;
                                      } else {
                                          return 6;
                                      }
                                  }
                              } else {
                                  if (features[3] < 137) {
                                      return 5;
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[29] < 26) {
                                  return 5;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          if (features[46] < 3101) {
                              if (features[26] < 37) {
                                  if (features[48] < 64) {
                                      return 5;
                                  } else {
                                      if (features[3] < 243) {
                                          if (features[29] < -172) {
                                              return 0;
                                          } else {
                                              return 0;
                                          }
                                      } else {
                                          return 0;
                                      }
                                  }
                              } else {
                                  if (features[34] < -1241) {
                                      if (features[35] < 2020) {
                                          return 6;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 0;
                                  }
                              }
                          } else {
                              if (features[39] < 1115) {
                                  return 4;
                              } else {
                                  return 4;
                              }
                          }
                      }
                  } else {
                      if (features[13] < 611) {
                          if (features[1] < -838) {
                              if (features[47] < 1635) {
                                  return 6;
                              } else {
                                  if (features[58] < 523) {
                                      if (features[39] < 545) {
                                          return 2;
                                      } else {
                                          if (features[45] < -4513) {
                                              return 2;
                                          } else {
                                              if (features[45] < -4344) {
                                                  return 2;
                                              } else {
                                                  if (features[59] < 121) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[15] < 60) {
                                          if (features[37] < 283) {
                                              if (features[15] < 44) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 2;
                                          }
                                      } else {
                                          if (features[39] < 884) {
                                              if (features[19] < -292) {
                                                  return 1;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              if (features[33] < -31) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[28] < 989) {
                                  if (features[11] < -37) {
                                      return 2;
                                  } else {
                                      return 2;
                                  }
                              } else {
                                  return 1;
                              }
                          }
                      } else {
                          if (features[5] < 3) {
                              if (features[54] < 4255) {
                                  if (features[14] < 314) {
                                      if (features[24] < 347) {
                                          if (features[23] < -1202) {
                                              if (features[43] < -46) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[37] < 209) {
                                              if (features[33] < 5) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[65] < -113) {
                                                  return 1;
                                              } else {
                                                  if (features[29] < 702) {
                                                      if (features[44] < -657) {
                                                          return 1;
                                                      } else {
                                                          return 1;
                                                      }
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[58] < 921) {
                                          if (features[59] < 141) {
                                              return 1;
                                          } else {
                                              return 1;
                                          }
                                      } else {
                                          if (features[17] < 409) {
                                              if (features[6] < 929) {
                                                  return 2;
                                              } else {
                                                  return 1;
                                              }
                                          } else {
                                              return 1;
                                          }
                                      }
                                  }
                              } else {
                                  return 2;
                              }
                          } else {
                              if (features[12] < -201) {
                                  if (features[58] < 1633) {
                                      if (features[12] < -1075) {
                                          if (features[1] < -3782) {
                                              if (features[34] < -5711) {
                                                  return 2;
                                              } else {
                                                  return 2;
                                              }
                                          } else {
                                              if (features[39] < 2578) {
                                                  return 1;
                                              } else {
                                                  return 2;
                                              }
                                          }
                                      } else {
                                          if (features[37] < 246) {
                                              return 1;
                                          } else {
                                              if (features[13] < 706) {
                                                  return 2;
                                              } else {
                                                  if (features[8] < -1026) {
                                                      return 2;
                                                  } else {
                                                      return 2;
                                                  }
                                              }
                                          }
                                      }
                                  } else {
                                      if (features[29] < 204) {
                                          return 1;
                                      } else {
                                          return 1;
                                      }
                                  }
                              } else {
                                  if (features[44] < 21) {
                                      return 6;
                                  } else {
                                      return 6;
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[38] < 9) {
                      if (features[37] < 363) {
                          if (features[46] < 1201) {
                              return 5;
                          } else {
                              return 0;
                          }
                      } else {
                          return 4;
                      }
                  } else {
                      if (features[47] < 1654) {
                          if (features[12] < -130) {
                              if (features[22] < -454) {
                                  if (features[36] < 555) {
                                      return 5;
                                  } else {
                                      return 0;
                                  }
                              } else {
                                  if (features[29] < -230) {
                                      return 5;
                                  } else {
                                      if (features[7] < 62) {
                                          return 5;
                                      } else {
                                          if (features[32] < 12) {
                                              return 5;
                                          } else {
                                              return 5;
                                          }
                                      }
                                  }
                              }
                          } else {
                              if (features[16] < 9) {
                                  return 0;
                              } else {
                                  return 5;
                              }
                          }
                      } else {
                          return 4;
                      }
                  }
              }
          } else {
              if (features[35] < 2564) {
                  if (features[39] < 563) {
                      if (features[45] < -1798) {
                          if (features[32] < -257) {
                              if (features[42] < 300) {
                                  return 3;
                              } else {
                                  return 4;
                              }
                          } else {
                              if (features[58] < 664) {
                                  if (features[56] < -462) {
                                      if (features[33] < 80) {
                                          if (features[61] < 224) {
                                              return 3;
                                          } else {
                                              return 3;
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      if (features[28] < 265) {
                                          return 3;
                                      } else {
                                          return 4;
                                      }
                                  }
                              } else {
                                  return 4;
                              }
                          }
                      } else {
                          if (features[1] < 477) {
                              if (features[38] < 20) {
                                  return 6;
                              } else {
                                  return 3;
                              }
                          } else {
                              return 0;
                          }
                      }
                  } else {
                      if (features[24] < -229) {
                          return 6;
                      } else {
                          if (features[46] < 4121) {
                              if (features[38] < 15) {
                                  if (features[13] < 1218) {
                                      if (features[6] < 152) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  if (features[24] < 554) {
                                      if (features[15] < 50) {
                                          if (features[48] < 126) {
                                              return 4;
                                          } else {
                                              if (features[17] < 83) {
                                                  return 3;
                                              } else {
                                                  return 4;
                                              }
                                          }
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 4;
                                  }
                              }
                          } else {
                              if (features[11] < 969) {
                                  if (features[56] < -654) {
                                      if (features[59] < 131) {
                                          return 4;
                                      } else {
                                          return 3;
                                      }
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[24] < 888) {
                                      if (features[58] < 416) {
                                          if (features[15] < 57) {
                                              return 4;
                                          } else {
                                              if (features[51] < 2403) {
                                                  return 3;
                                              } else {
                                                  return 3;
                                              }
                                          }
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      if (features[14] < 174) {
                                          return 3;
                                      } else {
                                          return 3;
                                      }
                                  }
                              }
                          }
                      }
                  }
              } else {
                  if (features[61] < 708) {
                      if (features[33] < -57) {
                          if (features[11] < 948) {
                              return 4;
                          } else {
                              return 3;
                          }
                      } else {
                          if (features[58] < 346) {
                              if (features[6] < 136) {
                                  if (features[1] < -274) {
                                      return 4;
                                  } else {
                                      return 3;
                                  }
                              } else {
                                  if (features[9] < -25) {
                                      return 3;
                                  } else {
                                      return 3;
                                  }
                              }
                          } else {
                              if (features[56] < -866) {
                                  if (features[8] < 151) {
                                      if (features[10] < 74) {
                                          return 4;
                                      } else {
                                          return 4;
                                      }
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 3;
                              }
                          }
                      }
                  } else {
                      if (features[5] < 14) {
                          if (features[4] < 77) {
                              if (features[36] < 736) {
                                  if (features[11] < 906) {
                                      return 4;
                                  } else {
                                      return 4;
                                  }
                              } else {
                                  return 4;
                              }
                          } else {
                              return 4;
                          }
                      } else {
                          return 4;
                      }
                  }
              }
          }
        }
        

int32_t mytree_predict(const int16_t *features, int32_t features_length) {

        int32_t votes[7] = {0,};
        int32_t _class = -1;

        _class = mytree_tree_0(features, features_length); votes[_class] += 1;
    _class = mytree_tree_1(features, features_length); votes[_class] += 1;
    _class = mytree_tree_2(features, features_length); votes[_class] += 1;
    _class = mytree_tree_3(features, features_length); votes[_class] += 1;
    _class = mytree_tree_4(features, features_length); votes[_class] += 1;
    _class = mytree_tree_5(features, features_length); votes[_class] += 1;
    _class = mytree_tree_6(features, features_length); votes[_class] += 1;
    _class = mytree_tree_7(features, features_length); votes[_class] += 1;
    _class = mytree_tree_8(features, features_length); votes[_class] += 1;
    _class = mytree_tree_9(features, features_length); votes[_class] += 1;
    _class = mytree_tree_10(features, features_length); votes[_class] += 1;
    _class = mytree_tree_11(features, features_length); votes[_class] += 1;
    _class = mytree_tree_12(features, features_length); votes[_class] += 1;
    _class = mytree_tree_13(features, features_length); votes[_class] += 1;
    _class = mytree_tree_14(features, features_length); votes[_class] += 1;
    _class = mytree_tree_15(features, features_length); votes[_class] += 1;
    _class = mytree_tree_16(features, features_length); votes[_class] += 1;
    _class = mytree_tree_17(features, features_length); votes[_class] += 1;
    _class = mytree_tree_18(features, features_length); votes[_class] += 1;
    _class = mytree_tree_19(features, features_length); votes[_class] += 1;
    _class = mytree_tree_20(features, features_length); votes[_class] += 1;
    _class = mytree_tree_21(features, features_length); votes[_class] += 1;
    _class = mytree_tree_22(features, features_length); votes[_class] += 1;
    _class = mytree_tree_23(features, features_length); votes[_class] += 1;
    _class = mytree_tree_24(features, features_length); votes[_class] += 1;
    _class = mytree_tree_25(features, features_length); votes[_class] += 1;
    _class = mytree_tree_26(features, features_length); votes[_class] += 1;
    _class = mytree_tree_27(features, features_length); votes[_class] += 1;
    _class = mytree_tree_28(features, features_length); votes[_class] += 1;
    _class = mytree_tree_29(features, features_length); votes[_class] += 1;
    
        int32_t most_voted_class = -1;
        int32_t most_voted_votes = 0;
        for (int32_t i=0; i<7; i++) {

            if (votes[i] > most_voted_votes) {
                most_voted_class = i;
                most_voted_votes = votes[i];
            }
        }
        return most_voted_class;
    }
    

int mytree_predict_proba(const int16_t *features, int32_t features_length, float *out, int out_length) {

        int32_t _class = -1;

        for (int i=0; i<out_length; i++) {
            out[i] = 0.0f;
        }

        _class = mytree_tree_0(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_1(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_2(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_3(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_4(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_5(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_6(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_7(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_8(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_9(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_10(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_11(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_12(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_13(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_14(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_15(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_16(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_17(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_18(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_19(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_20(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_21(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_22(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_23(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_24(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_25(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_26(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_27(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_28(features, features_length); out[_class] += 1.0f;
    _class = mytree_tree_29(features, features_length); out[_class] += 1.0f;
    
        // compute mean
        for (int i=0; i<out_length; i++) {
            out[i] = out[i] / 30;
        }
        return 0;
    }
    

            int32_t
            predict_wrapper(const float *values, int length) {
                // Convert to whatever is needed for inline
                int16_t features[66];
                for (int i=0; i<length; i++) {
                    features[i] = (int16_t)values[i];
                }
                const int32_t out = mytree_predict(features, length);
                if (out < 0) {
                    return -out;
                }
                return out;
            }

            int
            predict_proba_wrapper(const float *values, int length, float *outputs, int n_outputs) {
                // Convert to whatever is needed for inline
                int16_t features[66];
                for (int i=0; i<length; i++) {
                    features[i] = (int16_t)values[i];
                }

                const int err =                     mytree_predict_proba(features, length, outputs, n_outputs);

                return err;
            }
            