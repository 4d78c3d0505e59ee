// What environment variables ask of the fake driver.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

inline long env(const char *name, long otherwise) {
  const char *s = getenv(name);
  return s && *s ? atol(s) : otherwise;
}
inline size_t memory() { return (size_t)env("PMPD_FAKE_MEMORY", 4l << 30); }
inline int capability() { // 90 for 9.0
  const char *s = getenv("PMPD_FAKE_CC");
  int major = 9, minor = 0;
  if (s) sscanf(s, "%d.%d", &major, &minor);
  return major * 10 + minor;
}

// A kernel that PMPD_FAKE_HANG names never ends, one that PMPD_FAKE_FAULT names reads what it must not.
inline bool plays(const char *variable, const char *kernel) {
  const char *s = getenv(variable);
  return s && !strcmp(s, kernel);
}
