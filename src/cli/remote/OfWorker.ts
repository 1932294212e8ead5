/**
 * Says to a process that it carries out a worker's job: the signals that a terminal or a service manager sends to all that
 * a worker has started are the worker's to answer, and the process goes on until that ends it.
 */
export const ofWorker = "FABRIK_OF_WORKER"
