/* How a program that answers rows is given them: by files on this machine, by the emulator on a board. */
#ifndef ROWS_H
#define ROWS_H

/* 1: the next `bytes` are in `into`; 0: there are no more. */
int rows_read(void *into, unsigned long bytes);

void rows_write(const void *from, unsigned long bytes);

#endif
