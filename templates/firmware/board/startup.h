/* How a program on a board ends. */
#ifndef STARTUP_H
#define STARTUP_H

#define FAULTED 9

void ended(int code) __attribute__((noreturn));

#endif
