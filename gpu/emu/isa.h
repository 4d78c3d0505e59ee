#pragma once

// The PTX ISA that a driver of some API version compiles: 78 for 7.8 (PTX ISA, release history).
inline int isa_of(int api) {
  static const int table[][2] = {{11000, 70}, {11010, 71}, {11020, 72}, {11030, 73}, {11040, 74}, {11050, 75}, {11060, 76}, {11070, 77}, {11080, 78},
    {12000, 80}, {12010, 81}, {12020, 82}, {12030, 83}, {12040, 84}, {12050, 85}, {12080, 87}, {12090, 88}, {13000, 90}};
  int isa = 60;
  for (auto &row : table)
    if (api >= row[0]) isa = row[1];
  return isa;
}
