// What kernel-builder generates for its own builds, for `local/build.py`.
#pragma once

#include <Python.h>

#define TORCH_LIBRARY_EXPAND(NAME, MODULE) TORCH_LIBRARY(NAME, MODULE)

#define ANTI_ALIASED_SNAKE_STRING(NAME) #NAME
#define ANTI_ALIASED_SNAKE_INIT(NAME)                                                              \
  PyMODINIT_FUNC PyInit_##NAME() {                                                                 \
    static PyModuleDef module = {                                                                  \
        PyModuleDef_HEAD_INIT, ANTI_ALIASED_SNAKE_STRING(NAME), nullptr, 0, nullptr};              \
    return PyModule_Create(&module);                                                               \
  }
#define REGISTER_EXTENSION(NAME) ANTI_ALIASED_SNAKE_INIT(NAME)
