/* A firmware that does nothing: what it takes is not the model's. */
#include "startup.h"

int main(void) {
    return 0;
}

void ended(int code) {
    (void)code;
    for (;;) {
    }
}
