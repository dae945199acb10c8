/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sPAPR: sensors, which a guest reads, and indicators, which it sets
 *
 * Each kind is known by a token (LoPAR, tables "Defined Sensors" and "Defined
 * Indicators") and belongs to a module, which adds it here.
 */

#ifndef HW_PPC_SPAPR_SENSORS_H
#define HW_PPC_SPAPR_SENSORS_H

#include "hw/ppc/spapr_module.h"
#include "target/ppc/cpu-qom.h"

#define TYPE_SPAPR_SENSORS "spapr-sensors"
OBJECT_DECLARE_SIMPLE_TYPE(SpaprSensors, SPAPR_SENSORS)

/* How a guest learns which instances of a kind there are */
typedef enum SpaprSensorListing {
    /*
     * All indices from 0 on: "rtas-sensors", "rtas-indicators". To be had once
     * only: Linux's /proc/powerpc/rtas/sensors does not swap bytes of the list,
     * so that a little-endian guest takes a last index of 1 for 2^24.
     */
    SPAPR_SENSOR_STATIC,
    /* By location code alone: ibm,get-indices */
    SPAPR_SENSOR_DYNAMIC,
    /* Elsewhere: indices are those of dynamic-reconfiguration connectors */
    SPAPR_SENSOR_CONNECTOR,
} SpaprSensorListing;

/* A kind of sensor, of indicator, or of both under the same token */
typedef struct SpaprSensorInfo {
    uint32_t token;
    SpaprSensorListing listing;
    unsigned count;             /* instances, unless listed elsewhere */
    /*
     * Location code of an instance, for g_free(). Optional for those with an
     * index: without one an instance has no place that could be named.
     */
    char *(*location)(void *opaque, uint32_t index);
    /*
     * The sensor, or NULL. @index is less than @count, or any number when
     * listed elsewhere. Returns: the status of get-sensor-state.
     */
    int32_t (*get)(PowerPCCPU *cpu, void *opaque, uint32_t index,
                   uint32_t *state);
    /*
     * The indicator, or NULL. Returns: the status of set-indicator, -3 for a
     * state that it can't have.
     */
    int32_t (*set)(PowerPCCPU *cpu, void *opaque, uint32_t index,
                   uint32_t state);
} SpaprSensorInfo;

struct SpaprSensors {
    SpaprModule parent_obj;

    GArray *kinds;              /* SensorKind, private */

    /* The tone generator that every platform has; nobody hears it */
    uint32_t tone_frequency;    /* Hz */
    uint32_t tone_volume;       /* per cent */
    /* The lights on the front of the machine */
    bool fault;
    bool identify;
};

/**
 * spapr_sensors_add: a module brings a kind of sensors or indicators
 * @info: stays the caller's, and there
 * @opaque: handed to its functions
 *
 * To be called when the module registers its calls.
 */
void spapr_sensors_add(SpaprSensors *sensors, const SpaprSensorInfo *info,
                       void *opaque);

#endif /* HW_PPC_SPAPR_SENSORS_H */
